package torchfile_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/convert/pickle"
	"github.com/hfbot/hfbot/convert/torchfile"
)

func fixture(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("../testdata/torch/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestOpen(t *testing.T) {
	t.Parallel()
	data := fixture(t, "parameter_nograd.pt")
	file, err := torchfile.Open(t.Context(), bytes.NewReader(data), int64(len(data)), torchfile.Options{})
	if err != nil || file.Verdict != torchfile.OK {
		t.Fatalf("%v, %+v", err, file)
	}
	globals := []string{
		"collections.OrderedDict", "torch.FloatStorage", "torch._utils._rebuild_parameter",
		"torch._utils._rebuild_tensor_v2",
	}
	if diff := cmp.Diff(globals, file.Globals); diff != "" {
		t.Errorf("globals (-want +got):\n%s", diff)
	}
	v, _ := file.Root.(*pickle.Dict).Get("p")
	tensor, ok := v.(*torchfile.Tensor)
	if !ok || !tensor.Contiguous() || tensor.Elements() != 4 || tensor.DType.Name != "float32" {
		t.Fatalf("%+v", v)
	}
	got := make([]byte, 8)
	r := file.Reader(t.Context())
	if err := r.ReadStorage(tensor.Storage, got, 8); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(data, got) || bytes.Equal(got, make([]byte, 8)) {
		t.Errorf("read %x", got)
	}
	for _, off := range []int64{-1, 9, 17} {
		if err := r.ReadStorage(tensor.Storage, got, off); err == nil {
			t.Errorf("8 bytes at %d of 16 were read", off)
		}
	}
}

// TestOpenReportsGlobalsOfRefused wants the globals also of a file that is refused.
func TestOpenReportsGlobalsOfRefused(t *testing.T) {
	t.Parallel()
	data := fixture(t, "evil_indirect.bin")
	file, err := torchfile.Open(t.Context(), bytes.NewReader(data), int64(len(data)), torchfile.Options{})
	if err != nil || file.Verdict != torchfile.Dangerous || file.Root != nil {
		t.Fatalf("%v, %+v", err, file)
	}
	if diff := cmp.Diff([]string{"importlib.import_module", "inspect.getattr_static"}, file.Globals); diff != "" {
		t.Errorf("globals (-want +got):\n%s", diff)
	}
}

// TestOpenReadErrors fails each read in turn. That must give an error, never a verdict on the file.
func TestOpenReadErrors(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"tied.bin", "evil_legacy.bin", "deflated_record.bin", "html.bin"} {
		data := fixture(t, name)
		r := &failing{ReaderAt: bytes.NewReader(data)}
		_, err := torchfile.Open(t.Context(), r, int64(len(data)), torchfile.Options{})
		if !errors.Is(err, errNetwork) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	data := fixture(t, "tied.bin")
	_, err := torchfile.Open(ctx, bytes.NewReader(data), int64(len(data)), torchfile.Options{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

var errNetwork = errors.New("connection reset")

type failing struct{ io.ReaderAt }

func (*failing) ReadAt([]byte, int64) (int, error) { return 0, errNetwork }
