package emulator

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// putPart sends one part and returns its ETag.
func putPart(t *testing.T, href, content string, want int) string {
	t.Helper()
	req, err := http.NewRequest(http.MethodPut, href, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != want {
		text, _ := io.ReadAll(resp.Body)
		t.Fatalf("part: %s, want %d: %s", resp.Status, want, text)
	}
	return resp.Header.Get("ETag")
}

func TestLFSUploadInParts(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{"memory": "", "disk": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := startLocal(t, Options{PartSize: 10, Data: data})
			l.makeRepo("model", "m", "")
			const content = "0123456789abcdefghijXYZ"
			sum := sha256.Sum256([]byte(content))
			oid := hex.EncodeToString(sum[:])
			batch := l.call("ann", "POST", "/ann/m.git/info/lfs/objects/batch", fmt.Sprintf(
				`{"operation":"upload","transfers":["basic","multipart"],"objects":[{"oid":%q,"size":%d}]}`, oid, len(content)), 200)
			if batch.field("transfer") != "multipart" {
				t.Fatalf("batch: %v", batch.body)
			}
			header := batch.field("objects", 0, "actions", "upload", "header").(map[string]any)
			if header["chunk_size"] != "10" || len(header) != 4 {
				t.Fatalf("header: %v", header)
			}
			putPart(t, header["00001"].(string), "too short", 400)
			putPart(t, strings.Replace(header["00001"].(string), "/1?", "/2?", 1), content[:10], 403)
			type part struct {
				Number int    `json:"partNumber"`
				ETag   string `json:"etag"`
			}
			var parts []part
			for i := range 3 {
				href := header[fmt.Sprintf("%05d", i+1)].(string)
				parts = append(parts, part{i + 1, putPart(t, href, content[i*10:min(i*10+10, len(content))], 200)})
			}
			end := strings.TrimPrefix(batch.field("objects", 0, "actions", "upload", "href").(string), l.URL())
			complete := func(parts []part, want int) {
				t.Helper()
				body, err := json.Marshal(map[string]any{"oid": oid, "parts": parts})
				if err != nil {
					t.Fatal(err)
				}
				l.call("", "POST", end, string(body), want)
			}
			complete(parts[:2], 400)
			complete([]part{parts[1], parts[0], parts[2]}, 400)
			complete(parts, 200)
			l.call("ann", "POST", "/api/models/ann/m/commit/main", `{"key":"header","value":{"summary":"s"}}`+"\n"+
				`{"key":"lfsFile","value":{"path":"w.bin","algo":"sha256","oid":"`+oid+`","size":23}}`, 200)
			if _, got := l.read("ann", "/ann/m/resolve/main/w.bin"); got != content {
				t.Errorf("got %q", got)
			}
		})
	}
}
