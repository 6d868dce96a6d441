package emulator

import (
	"slices"
	"testing"
)

func TestSpaceHost(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{SpaceHost: func(name string) string {
		return map[string]string{"ann/here": "127.0.0.1:7"}[name]
	}})
	for name, want := range map[string]string{"here": "127.0.0.1:7", "there": "ann-there.hf.space"} {
		space := l.makeRepo("space", name, `,"sdk":"docker"`)
		domains := l.call("ann", "GET", space+"/runtime", "", 200).field("domains").([]any)
		if got := domains[0].(map[string]any)["domain"]; got != want {
			t.Errorf("%s is at %v, want %s", name, got, want)
		}
		if got := l.call("ann", "GET", space, "", 200).field("host"); got != "https://"+want {
			t.Errorf("the host of %s is %v", name, got)
		}
	}
}

func TestSpaceEnvironment(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	l.makeRepo("space", "app", `,"sdk":"docker","secrets":[{"key":"TOKEN","value":"hidden"}],"variables":[{"key":"MODE","value":"a=b"}]`)
	if env, err := l.SpaceEnvironment("ann/app"); err != nil || !slices.Equal(env, []string{"MODE=a=b", "TOKEN=hidden"}) {
		t.Errorf("environment %q, %v", env, err)
	}
	if env, err := l.SpaceEnvironment("ann/nothing"); err == nil {
		t.Errorf("a Space that is not there has %q", env)
	}
}
