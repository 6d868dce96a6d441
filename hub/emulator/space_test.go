package emulator

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestSpaceSecretsAndVariables(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	got := startReceiver(t, nil)
	space := l.makeRepo("space", "app", `,"sdk":"docker","secrets":[{"key":"FIRST","value":"hidden-one"}]`)
	l.watch("ann", got.URL)
	l.call("ann", "POST", space+"/secrets", `{"key":"TOKEN","value":"hidden-two","description":"for the API"}`, 200)
	l.call("ann", "POST", space+"/secrets", `{"key":"9bad","value":"x"}`, 400)
	secrets := l.call("ann", "GET", space+"/secrets", "", 200)
	if secrets.field("TOKEN", "description") != "for the API" || secrets.field("FIRST", "key") != "FIRST" ||
		secrets.field("TOKEN", "value") != nil || secrets.field("TOKEN", "updatedAt") == nil {
		t.Errorf("secrets: %v", secrets.body)
	}
	l.call("ann", "DELETE", space+"/secrets", `{"key":"TOKEN"}`, 200)
	l.call("ann", "DELETE", space+"/secrets", `{"key":"TOKEN"}`, 404)

	answer := l.call("ann", "POST", space+"/variables", `{"key":"MODE","value":"fast"}`, 200)
	if answer.field("MODE", "value") != "fast" {
		t.Errorf("variables: %v", answer.body)
	}
	if left := l.call("ann", "DELETE", space+"/variables", `{"key":"MODE"}`, 200); len(left.body.(map[string]any)) != 0 {
		t.Errorf("after deleting: %v", left.body)
	}
	for _, user := range []string{"bob", ""} {
		want := map[string]int{"bob": 403, "": 401}[user]
		l.call(user, "GET", space+"/secrets", "", want)
		l.call(user, "GET", space+"/variables", "", want)
	}
	for _, one := range l.settle(got) {
		config, isMap := one.body["updatedConfig"].(map[string]any)
		if one.event() != "repo.config update" || !isMap || len(config) != 0 || strings.Contains(string(one.raw), "hidden") {
			t.Errorf("delivery: %s", one.raw)
		}
	}
}

func TestSpaceRuntime(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	space := l.makeRepo("space", "my_app", `,"sdk":"docker","sleepTimeSeconds":3600`)
	stage := func(want string) answer {
		t.Helper()
		got := l.call("", "GET", space+"/runtime", "", 200)
		if got.field("stage") != want {
			t.Errorf("stage %v, want %s", got.field("stage"), want)
		}
		return got
	}
	stage("NO_APP_FILE")
	l.commit("ann", space, "main", "", "Dockerfile", "FROM scratch")
	running := stage("RUNNING")
	if running.field("hardware", "current") != "cpu-basic" || running.field("gcTimeout") != 3600.0 ||
		running.field("domains", 0, "domain") != "ann-my-app.hf.space" {
		t.Errorf("runtime: %v", running.body)
	}
	l.call("bob", "POST", space+"/pause", "", 403)
	l.call("ann", "POST", space+"/pause", "", 200)
	stage("PAUSED")
	l.call("ann", "POST", space+"/restart?factory=true", "", 200)
	stage("RUNNING")
	l.call("ann", "POST", space+"/hardware", `{"flavor":"abacus"}`, 400)
	faster := l.call("ann", "POST", space+"/hardware", `{"flavor":"t4-small","sleepTimeSeconds":-1}`, 200)
	if faster.field("hardware", "requested") != "t4-small" || faster.field("gcTimeout") != nil {
		t.Errorf("hardware: %v", faster.body)
	}
	l.call("ann", "POST", space+"/sleeptime", `{"seconds":60}`, 200)
	volumes := l.call("ann", "PUT", space+"/volumes", `{"volumes":[{"type":"bucket","source":"ann/b","mountPath":"/data"}]}`, 200)
	if volumes.field("volumes", 0, "mountPath") != "/data" {
		t.Errorf("volumes: %v", volumes.body)
	}
	l.call("ann", "DELETE", space+"/volumes", "", 200)
	l.call("ann", "DELETE", space+"/volumes", "", 400)
	l.SetFaults(Faults{SpaceStage: "BUILD_ERROR"})
	stage("BUILD_ERROR")
	info := l.call("", "GET", space, "", 200)
	if info.field("runtime", "stage") != "BUILD_ERROR" || info.field("sdk") != "docker" {
		t.Errorf("info: %v", info.body)
	}
}

func TestStaticSpaceHasNoMachine(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	space := l.makeRepo("space", "page", `,"sdk":"static"`)
	l.call("ann", "POST", space+"/restart", "", 400)
	l.commit("ann", space, "main", "", "index.html", "<p>hi")
	if got := l.call("", "GET", space+"/runtime", "", 200); got.field("stage") != "RUNNING" ||
		got.field("hardware", "current") != nil {
		t.Errorf("runtime: %v", got.body)
	}
	model := l.makeRepo("model", "m", "")
	l.call("ann", "GET", model+"/secrets", "", 404)
	l.call("ann", "POST", "/api/repos/create", `{"name":"old","type":"space","sdk":"streamlit"}`, 400)
}

func TestSpaceLogsAreAnEventStream(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	space := l.makeRepo("space", "app", `,"sdk":"gradio"`)
	req, err := http.NewRequest(http.MethodGet, l.URL()+space+"/logs/run", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer hf_ann")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Header.Get("Content-Type") != "text/event-stream" || !strings.HasPrefix(string(text), `data: {"data":`) {
		t.Errorf("%s: %q", resp.Header.Get("Content-Type"), text)
	}
}
