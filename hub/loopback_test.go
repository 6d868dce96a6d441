package hub_test

import (
	"testing"

	"github.com/hfbot/hfbot/hub"
)

func TestOnThisMachine(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"http://127.0.0.1:7870": true, "http://localhost": true, "http://[::1]:80": true, "http://[::ffff:127.0.0.1]": true,
		"//localhost:7860/webhook": true, "https://huggingface.co": false, "http://127.0.0.1.evil.example": false,
		"http://10.0.0.1": false, "http://%zz": false, "": false,
	} {
		if got := hub.OnThisMachine(address); got != want {
			t.Errorf("OnThisMachine(%q) = %v, want %v", address, got, want)
		}
	}
}
