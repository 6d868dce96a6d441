package cmd

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hfbot/hfbot/config"
	"github.com/hfbot/hfbot/convert"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

// traffic counts requests for files and the bytes of their answers.
type traffic struct {
	next            http.RoundTripper
	requests, bytes atomic.Int64
}

// RoundTrip implements http.RoundTripper.
func (c *traffic) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.next.RoundTrip(r)
	if err != nil || !strings.Contains(r.URL.Path, "pytorch_model") && !strings.Contains(r.URL.Path, "lfs") {
		return resp, err
	}
	c.requests.Add(1)
	resp.Body = &counted{resp.Body, &c.bytes}
	return resp, nil
}

type counted struct {
	io.ReadCloser
	bytes *atomic.Int64
}

// Read implements io.Reader.
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.bytes.Add(int64(n))
	return n, err
}

// modelZip writes a checkpoint of float32 tensors, whose bytes are holes in the file, as torch.save lays it out.
func modelZip(t *testing.T, name string, tensors int, elements int64) (size int64) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var pickle strings.Builder
	pickle.WriteString("\x80\x02}(")
	text := func(s string) string { return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s }
	number := func(n int64) string { return fmt.Sprintf("L%dL\n", n) }
	for i := range tensors {
		pickle.WriteString(text(fmt.Sprintf("layer.%d.weight", i)) + "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") +
			"ctorch\nFloatStorage\n" + text(fmt.Sprint(i)) + text("cpu") + number(elements) + "tQ" + number(0) +
			"(" + number(elements) + "t(" + number(1) + "t\x89ccollections\nOrderedDict\n)RtR")
	}
	pickle.WriteString("u.")
	le := binary.LittleEndian
	var directory []byte
	off, entries := int64(0), 0
	add := func(name, content string, length int64) {
		local := append([]byte("PK\x03\x04\x2d\x00\x00\x00\x00\x00"), make([]byte, 16)...)
		local = append(le.AppendUint16(le.AppendUint16(local, uint16(len(name))), 0), name...)
		if _, err := f.WriteAt(append(local, content...), off); err != nil {
			t.Fatal(err)
		}
		e := append([]byte("PK\x01\x02\x2d\x00\x2d\x00\x00\x00\x00\x00"), make([]byte, 8)...)
		e = le.AppendUint32(le.AppendUint32(e, 0xffffffff), 0xffffffff)
		e = le.AppendUint16(le.AppendUint16(e, uint16(len(name))), 28)
		e = append(e, make([]byte, 10)...)
		e = append(le.AppendUint32(e, 0xffffffff), name...)
		e = le.AppendUint16(le.AppendUint16(e, 1), 24)
		e = le.AppendUint64(le.AppendUint64(le.AppendUint64(e, uint64(length)), uint64(length)), uint64(off))
		directory = append(directory, e...)
		off += int64(len(local)) + length
		entries++
	}
	add("model/data.pkl", pickle.String(), int64(pickle.Len()))
	for i := range tensors {
		add(fmt.Sprintf("model/data/%d", i), "", 4*elements)
	}
	end := append([]byte("PK\x06\x06"), make([]byte, 20)...)
	end = le.AppendUint64(le.AppendUint64(end, uint64(entries)), uint64(entries))
	end = le.AppendUint64(le.AppendUint64(end, uint64(len(directory))), uint64(off))
	end = le.AppendUint64(append(end, "PK\x06\x07\x00\x00\x00\x00"...), uint64(off)+uint64(len(directory)))
	end = append(end, "\x01\x00\x00\x00PK\x05\x06\x00\x00\x00\x00"...)
	end = append(append(end, bytes.Repeat([]byte{0xff}, 12)...), 0, 0)
	if _, err := f.WriteAt(append(directory, end...), off); err != nil {
		t.Fatal(err)
	}
	return off + int64(len(directory)+len(end))
}

// TestInspectRemoteIsCheap looks into a file of six gigabytes on a web server.
func TestInspectRemoteIsCheap(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	size := modelZip(t, filepath.Join(dir, "pytorch_model.bin"), 300, 5<<20)
	var requests, sent atomic.Int64
	files := http.FileServer(http.Dir(dir))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		files.ServeHTTP(&counting{w, &sent}, r)
	}))
	defer server.Close()
	var out bytes.Buffer
	o := inspectOptions{src: server.URL + "/pytorch_model.bin", hash: true, err: t.Output()}
	o.format.value = formatJSON
	if err := runInspect(t.Context(), &config.Config{}, &out, o); err != nil {
		t.Fatal(err)
	}
	var seen inspection
	if err := json.Unmarshal(out.Bytes(), &seen); err != nil || seen.Verdict != convert.OK || len(seen.Tensors) != 300 {
		t.Fatalf("%v, %s with %d tensors", err, seen.Verdict, len(seen.Tensors))
	}
	t.Logf("%d bytes: %d requests, %d bytes sent", size, requests.Load(), sent.Load())
	if size < 6e9 || requests.Load() > 4 || sent.Load() > 2<<20 {
		t.Errorf("%d requests and %d bytes for a file of %d", requests.Load(), sent.Load(), size)
	}
}

// counting counts what a handler sends.
type counting struct {
	http.ResponseWriter
	bytes *atomic.Int64
}

// Write implements io.Writer.
func (c *counting) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.bytes.Add(int64(n))
	return n, err
}

// TestInspectOnTheHubIsCheap does the same to a file of the local Hub, through its redirects to the LFS store.
func TestInspectOnTheHubIsCheap(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "pytorch_model.bin")
	size := modelZip(t, name, 200, 50_000)
	server, err := emulator.New(emulator.Options{Users: []emulator.User{{Name: "demo", Token: "hf_demo"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	repo := hub.RepoRef{Type: hub.Model, Name: "demo/large"}
	if err := server.Client("demo").CreateRepo(t.Context(), repo, hub.CreateRepoOptions{}); err != nil {
		t.Fatal(err)
	}
	commit, err := server.Client("demo").Commit(t.Context(), repo, hub.CommitInput{Summary: "Add", Files: []hub.CommitFile{{
		Path: "pytorch_model.bin", Size: size, Open: func() (io.ReadCloser, error) { return os.Open(name) },
	}}})
	if err != nil {
		t.Fatal(err)
	}
	counts := &traffic{next: http.DefaultTransport}
	client, err := hub.New(server.URL(), "hf_demo", hub.WithHTTPClient(&http.Client{Transport: counts}))
	if err != nil {
		t.Fatal(err)
	}
	f, err := client.OpenFile(t.Context(), repo, commit.OID, "pytorch_model.bin")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := convert.Inspect(t.Context(), f, f.Size(), convert.Options{})
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil || plan.Verdict != convert.OK || len(plan.Tensors) != 200 {
		t.Fatalf("%v, %+v", err, plan)
	}
	t.Logf("%d bytes: %d requests, %d bytes read", size, counts.requests.Load(), counts.bytes.Load())
	if size < 40e6 || counts.requests.Load() > 4 || counts.bytes.Load() > 2<<20 {
		t.Errorf("%d requests and %d bytes for a file of %d", counts.requests.Load(), counts.bytes.Load(), size)
	}
}
