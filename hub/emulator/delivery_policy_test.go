package emulator

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDeliveryPolicyDefaults(t *testing.T) {
	t.Parallel()
	standard := DeliveryPolicy{}.withDefaults()
	if standard.Retry[0] != time.Second || standard.SuspendAfter != 10 || standard.Timeout != 30*time.Second ||
		standard.Concurrency != 8 {
		t.Errorf("defaults: %+v", standard)
	}
	own := DeliveryPolicy{Retry: []time.Duration{}, SuspendAfter: -1, Timeout: time.Second, Concurrency: 1}
	if diff := cmp.Diff(own, own.withDefaults()); diff != "" {
		t.Errorf("defaults replace what was set (-want +got):\n%s", diff)
	}
}
