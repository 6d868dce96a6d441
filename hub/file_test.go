package hub_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/hfbot/hfbot/hub"
)

func TestDownload(t *testing.T) {
	t.Parallel()
	const call = "GET /acme/tiny/resolve/refs%2Fpr%2F3/sub%20dir/w%23.bin"
	tests := map[string]struct {
		offset, n int64
		ranges    string // that is asked for
		status    int
		header    http.Header
		answer    string
		want      string
		err       string
	}{
		"whole":       {0, -1, "", 200, nil, "content", "content", ""},
		"from inside": {3, -1, "bytes=3-", 206, http.Header{"Content-Range": {"bytes 3-6/7"}}, "tent", "tent", ""},
		"a part":      {3, 2, "bytes=3-4", 206, http.Header{"Content-Range": {"bytes 3-4/7"}}, "te", "te", ""},
		"the start":   {0, 2, "bytes=0-1", 206, http.Header{"Content-Range": {"bytes 0-1/7"}}, "co", "co", ""},
		"over the end": {
			5, 100, "bytes=5-104", 206, http.Header{"Content-Range": {"bytes 5-6/7"}}, "nt", "nt", "",
		},
		"more than asked for": {0, 2, "bytes=0-1", 206, http.Header{"Content-Range": {"bytes 0-6/*"}}, "content", "co", ""},
		"an empty file":       {0, 5, "bytes=0-4", 416, nil, "", "", ""},
		"behind the end":      {9, 5, "bytes=9-13", 416, nil, "", "", "416"},
		"range ignored":       {3, 2, "bytes=3-4", 200, nil, "content", "", "status 200, not 206"},
		"wrong range": {
			3, 2, "bytes=3-4", 206, http.Header{"Content-Range": {"bytes 0-1/7"}}, "co", "", "another part",
		},
		"no range told": {3, 2, "bytes=3-4", 206, nil, "te", "", "another part"},
		"missing":       {0, -1, "", 404, http.Header{"X-Error-Code": {"EntryNotFound"}}, "", "", "EntryNotFound"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := serve(t, exchange{call: call, status: test.status, header: test.header, answer: test.answer})
			client = watchRange(t, client, test.ranges)
			body, err := client.Download(t.Context(), model, "refs/pr/3", "sub dir/w#.bin", test.offset, test.n)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("Download = %v, want an error with %q", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer body.Close()
			if got, err := io.ReadAll(body); err != nil || string(got) != test.want {
				t.Errorf("read %q, %v; want %q", got, err, test.want)
			}
		})
	}
}

// watchRange returns a client of the same Hub that checks the Range header of its calls.
func watchRange(t *testing.T, client *hub.Client, want string) *hub.Client {
	t.Helper()
	carrier := client.HTTP().Transport
	watching, err := hub.New(client.Endpoint(), client.Token(), hub.WithHTTPClient(&http.Client{
		Transport: transport(func(r *http.Request) (*http.Response, error) {
			if got := r.Header.Get("Range"); got != want {
				t.Errorf("Range: %q, want %q", got, want)
			}
			return carrier.RoundTrip(r)
		}),
	}))
	if err != nil {
		t.Fatal(err)
	}
	return watching
}

func TestDownloadOfNothing(t *testing.T) {
	t.Parallel()
	client := serve(t) // no call is made
	body, err := client.Download(t.Context(), model, "", "a", 5, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(body); err != nil || len(got) > 0 {
		t.Errorf("read %q, %v", got, err)
	}
	if _, err := client.Download(t.Context(), model, "", "a", -1, 5); err == nil {
		t.Error("a negative offset is not refused")
	}
}

func TestOpenFileFindsTheSize(t *testing.T) {
	t.Parallel()
	const call = "HEAD /datasets/acme/reviews/resolve/main/w.bin"
	tests := map[string]struct {
		status int
		header http.Header
		size   int64
		err    string
	}{
		"a plain file": {200, http.Header{"Content-Length": {"12"}}, 12, ""},
		"an LFS file": {
			302, http.Header{"X-Linked-Size": {"123456"}, "Location": {"https://cdn.example/blob?sig=1"}}, 123456, "",
		},
		"size unknown":   {302, http.Header{"Location": {"https://cdn.example/blob"}}, 0, "does not tell the size"},
		"malformed size": {200, http.Header{"X-Linked-Size": {"-1"}}, 0, "malformed X-Linked-Size"},
		"missing":        {404, nil, 0, "404"},
		"gated":          {403, http.Header{"X-Error-Code": {"GatedRepo"}}, 0, "GatedRepo"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := serve(t, exchange{call: call, status: test.status, header: test.header})
			file, err := client.OpenFile(t.Context(), dataset, "", "w.bin")
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("OpenFile = %v, want an error with %q", err, test.err)
				}
				return
			}
			if err != nil || file.Size() != test.size {
				t.Errorf("OpenFile = %+v, %v; want size %d", file, err, test.size)
			}
		})
	}
}

func TestOpenFilePinsTheCommit(t *testing.T) {
	t.Parallel()
	commit := strings.Repeat("ab", 20)
	client := serve(
		t,
		exchange{
			call:   "HEAD /acme/tiny/resolve/main/a",
			header: http.Header{"X-Repo-Commit": {commit}, "Content-Length": {"3"}},
		},
		exchange{
			call: "GET /acme/tiny/resolve/" + commit + "/a", status: 206, answer: "abc",
			header: http.Header{"Content-Range": {"bytes 0-2/3"}},
		},
	)
	file, err := client.OpenFile(t.Context(), model, "", "a")
	if err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 10)
	if n, err := file.ReadAt(p, 0); !errors.Is(err, io.EOF) || string(p[:n]) != "abc" {
		t.Errorf("ReadAt = %q, %v", p[:n], err)
	}
}

func TestFileInfo(t *testing.T) {
	t.Parallel()
	const commit = "63fd8684b6071ab0d1a16fbec9c9ad8bb55c4c1e"
	tests := map[string]struct {
		status int
		header http.Header
		want   hub.FileInfo
	}{
		"plain": {
			200,
			http.Header{"Content-Length": {"12"}, "Etag": {`W/"abc"`}, "X-Repo-Commit": {commit}},
			hub.FileInfo{Commit: commit, ETag: "abc", Size: 12},
		},
		"LFS": {
			302,
			http.Header{
				"X-Linked-Size": {"123456"}, "X-Linked-Etag": {`"sum"`}, "Etag": {`"other"`}, "X-Repo-Commit": {"main"},
				"Location": {"https://cdn.example/blob?sig=1"},
			},
			hub.FileInfo{ETag: "sum", Size: 123456},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := serve(t, exchange{call: "HEAD /acme/tiny/resolve/main/w.bin", status: test.status, header: test.header})
			got, err := client.FileInfo(t.Context(), model, "", "w.bin")
			if err != nil || *got != test.want {
				t.Errorf("FileInfo = %+v, %v; want %+v", got, err, test.want)
			}
		})
	}
}
