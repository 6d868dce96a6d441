package hub_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// decodedPayload is a payload with what has no field, as the golden files show it.
type decodedPayload struct {
	*hub.Payload
	Extra map[string]json.RawMessage `json:"extra,omitempty"`
}

func TestParsePayloadSamples(t *testing.T) {
	t.Parallel()
	samples, err := filepath.Glob("testdata/payloads/*.json")
	if err != nil || len(samples) != 30 {
		t.Fatalf("found %d samples, want 30 (error %v)", len(samples), err)
	}
	for _, sample := range samples {
		t.Run(filepath.Base(sample), func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(sample)
			if err != nil {
				t.Fatal(err)
			}
			payload, err := hub.ParsePayload(body)
			if err != nil {
				t.Fatalf("ParsePayload: %v", err)
			}
			got, err := json.MarshalIndent(decodedPayload{payload, payload.Extra}, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			compareGolden(t, strings.TrimSuffix(sample, ".json")+".golden", string(got)+"\n")
		})
	}
}

// compareGolden compares text with a golden file, or writes the file with -update.
func compareGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run the test with -update to write it", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
	}
}

func TestParsePayloadTolerates(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body string
		want hub.Payload
	}{
		"empty object": {body: `{}`},
		"unknown scope, action, type and version": {
			body: `{"event":{"scope":"repo.content.lfs","action":"touch"},"repo":{"type":"kernel"},"webhook":{"version":7}}`,
			want: hub.Payload{
				Event:   hub.Event{Scope: "repo.content.lfs", Action: "touch"},
				Repo:    hub.Repo{Type: "kernel"},
				Webhook: hub.PayloadWebhook{Version: 7},
			},
		},
		"unknown fields at each level": {
			body: `{"actor":{"id":"a"},"repo":{"region":"eu","owner":{"id":"o","type":"org"}}}`,
			want: hub.Payload{
				Repo: hub.Repo{Owner: hub.Owner{ID: "o"}},
				Extra: map[string]json.RawMessage{
					"actor": raw(`{"id":"a"}`), "repo.region": raw(`"eu"`), "repo.owner.type": raw(`"org"`),
				},
			},
		},
		"wrong types": {
			body: `{"event":"update","repo":{"name":5,"private":"yes","id":"r"},"discussion":[],"comment":"hi",` +
				`"webhook":{"version":"3","id":"w"},"updatedConfig":false}`,
			want: hub.Payload{
				Repo:    hub.Repo{ID: "r"},
				Webhook: hub.PayloadWebhook{ID: "w"},
				Extra: map[string]json.RawMessage{
					"event": raw(`"update"`), "repo.name": raw(`5`), "repo.private": raw(`"yes"`), "discussion": raw(`[]`),
					"comment": raw(`"hi"`), "webhook.version": raw(`"3"`), "updatedConfig": raw(`false`),
				},
			},
		},
		"number out of range": {
			body: `{"discussion":{"num":1e99,"title":"t"}}`,
			want: hub.Payload{
				Discussion: &hub.PayloadDiscussion{Title: "t"},
				Extra:      map[string]json.RawMessage{"discussion.num": raw(`1e99`)},
			},
		},
		"nulls are absent": {
			body: `{"event":null,"repo":{"headSha":null},"discussion":null,"updatedConfig":null,` +
				`"updatedRefs":[{"ref":"refs/tags/v1","oldSha":null,"newSha":"n"}]}`,
			want: hub.Payload{UpdatedRefs: []hub.UpdatedRef{{Ref: "refs/tags/v1", NewSHA: "n"}}},
		},
		"bad entries of lists": {
			body: `{"updatedRefs":[7,{"ref":"refs/heads/main"},null,{"ref":[]}],"repo":{"tags":["a",1]}}`,
			want: hub.Payload{
				UpdatedRefs: []hub.UpdatedRef{{Ref: "refs/heads/main"}, {}},
				Repo:        hub.Repo{Tags: []string{"a"}},
				Extra: map[string]json.RawMessage{
					"updatedRefs[0]": raw(`7`), "updatedRefs[2]": raw(`null`), "updatedRefs[3].ref": raw(`[]`),
					"repo.tags[1]": raw(`1`),
				},
			},
		},
		"names are case-sensitive": {
			body: `{"Event":{"action":"create"}}`,
			want: hub.Payload{Extra: map[string]json.RawMessage{"Event": raw(`{"action":"create"}`)}},
		},
		"of a name written twice the last counts": {
			body: `{"repo":{"name":"a/b","id":"r"},"re\u0070o":{"na\u006de":"c/d","name":"e/f","private":false},"x":1,"\u0078":2}`,
			want: hub.Payload{
				Repo: hub.Repo{Name: "e/f"}, Public: true, Extra: map[string]json.RawMessage{"x": raw(`2`)},
			},
		},
		"strings that are not written as they are": {
			body: "{\"comment\":{\"content\":\"a\\n\\ud83e\\udd17\\ud800\",\"id\":\"\xff\"},\"\xff\":1}",
			want: hub.Payload{
				Comment: &hub.PayloadComment{Content: "a\n\U0001F917\uFFFD", ID: "\uFFFD"},
				Extra:   map[string]json.RawMessage{"\uFFFD": raw(`1`)},
			},
		},
		"space everywhere": {
			body: " \r\n{ \"repo\" : { \"tags\" : [ \"a\" , \"b\" ] , \"private\" :\ttrue } , \"discussion\":{\"num\": 7 }, \"x\" : [ 1 ] } ",
			want: hub.Payload{
				Repo: hub.Repo{Tags: []string{"a", "b"}, Private: true}, Discussion: &hub.PayloadDiscussion{Num: 7},
				Extra: map[string]json.RawMessage{"x": raw(`[ 1 ]`)},
			},
		},
		"empty config is not nil": {
			body: `{"updatedConfig":{}}`,
			want: hub.Payload{UpdatedConfig: map[string]any{}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := hub.ParsePayload([]byte(test.body))
			if err != nil {
				t.Fatalf("ParsePayload: %v", err)
			}
			if diff := cmp.Diff(&test.want, got); diff != "" {
				t.Errorf("payload differs (-want +got):\n%s", diff)
			}
		})
	}
}

func raw(text string) json.RawMessage { return json.RawMessage(text) }

func TestParsePayloadRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ body, want string }{
		"nothing":       {"", "not JSON"},
		"text":          {"hello", "not JSON"},
		"cut":           {`{"event":{`, "not JSON"},
		"two values":    {`{} {}`, "not JSON"},
		"a list":        {`[]`, "not a JSON object"},
		"null":          {`null`, "not a JSON object"},
		"a string":      {`"{}"`, "not a JSON object"},
		"deep nesting":  {`{"a":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, "nested deeper than 64"},
		"a huge body":   {`"` + strings.Repeat("x", hub.MaxPayloadSize) + `"`, "larger than 16777216"},
		"open brackets": {strings.Repeat("[", 1<<20), "not JSON"},
		"deeper still":  {strings.Repeat("[", 1<<20) + strings.Repeat("]", 1<<20), "nested deeper than 64"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			payload, err := hub.ParsePayload([]byte(test.body))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("ParsePayload = %+v, %v; want an error with %q", payload, err, test.want)
			}
		})
	}
}

func TestParsePayloadBoundsExtra(t *testing.T) {
	t.Parallel()
	body := `{"updatedFiles":[` + strings.Repeat("0,", 5000) + `0]}`
	payload, err := hub.ParsePayload([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if len(payload.Extra) != 1000 {
		t.Errorf("Extra has %d entries, want the bound of 1000", len(payload.Extra))
	}
	brackets := `{"comment":{"content":"` + strings.Repeat(`[{\"`, 500) + `"}}`
	payload, err = hub.ParsePayload([]byte(brackets))
	if err != nil || len(payload.Comment.Content) != 1500 {
		t.Errorf("brackets inside a string: %v, want them not counted as nesting", err)
	}
}

func FuzzParsePayload(f *testing.F) {
	samples, err := filepath.Glob("testdata/payloads/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, sample := range samples {
		body, err := os.ReadFile(sample)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add([]byte(`{"updatedRefs":[7,null,{"ref":[]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		payload, err := hub.ParsePayload(body)
		var object map[string]json.RawMessage
		isObject := json.Unmarshal(body, &object) == nil && object != nil
		if err == nil != isObject && !strings.Contains(errorText(err), "nested deeper") {
			t.Fatalf("ParsePayload = %v, but the body being a JSON object is %t", err, isObject)
		}
		if err != nil {
			return
		}
		encoded, err := json.Marshal(payload)
		if err != nil {
			t.Fatalf("encoding a decoded payload: %v", err)
		}
		again, err := hub.ParsePayload(encoded)
		if err != nil {
			t.Fatalf("decoding an encoded payload: %v", err)
		}
		payload.Extra, payload.Public = nil, !payload.Repo.Private // which is always written
		if diff := cmp.Diff(payload, again); diff != "" {
			t.Fatalf("payload changed in a round trip (-before +after):\n%s", diff)
		}
	})
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
