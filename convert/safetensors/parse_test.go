package safetensors_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/convert/safetensors"
)

// file puts the length before a header and n bytes of data after it.
func file(header string, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, n)...)
}

func TestParse(t *testing.T) {
	t.Parallel()
	const one = `"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`
	tests := map[string]struct {
		file []byte
		want string // part of the error
	}{
		"sound":               {file(`{`+one+`}`, 8), ""},
		"padded":              {file(`{`+one+`}     `, 8), ""},
		"metadata":            {file(`{"__metadata__":{"format":"pt"},`+one+`}`, 8), ""},
		"fields in any order": {file(`{"a":{"data_offsets":[0,8],"shape":[2],"dtype":"F32"}}`, 8), ""},
		"no tensors":          {file(`{}`, 0), ""},
		"two, out of order": {
			file(`{"b":{"dtype":"U8","shape":[1],"data_offsets":[8,9]},`+one+`}`, 9), "",
		},
		"an empty one between": {file(`{"e":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},`+one+`}`, 8), ""},

		"short":              {[]byte("1234567"), "shorter than 8"},
		"header too long":    {binary.LittleEndian.AppendUint64(nil, 100_000_001), "does not fit"},
		"header of 2^63":     {binary.LittleEndian.AppendUint64(nil, 1<<63), "does not fit"},
		"header past end":    {file("{}", 0)[:9], "does not fit"},
		"empty header":       {file("", 0), "no JSON object"},
		"space before":       {file(" {}", 0), "no JSON object"},
		"not UTF-8":          {file("{\"\xff\":1}", 0), "UTF-8"},
		"no JSON":            {file("{a}", 0), "invalid character"},
		"cut JSON":           {file("{", 0), "EOF"},
		"list":               {file("[]", 0), "no JSON object"},
		"text after":         {file("{}x", 0), "follows"},
		"second object":      {file("{} {}", 0), "follows"},
		"newline after":      {file("{}\n", 0), "follows"},
		"name twice":         {file(`{`+one+`,`+one+`}`, 8), "twice"},
		"metadata twice":     {file(`{"__metadata__":{"a":"b","a":"b"}}`, 0), "twice"},
		"metadata no string": {file(`{"__metadata__":{"a":1}}`, 0), "no string"},
		"tensor no object":   {file(`{"a":[]}`, 0), "where { should be"},
		"field missing":      {file(`{"a":{"dtype":"F32","shape":[2]}}`, 8), "missing"},
		"field unknown":      {file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}}`, 8), "unknown"},
		"field twice": {
			file(`{"a":{"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]}}`, 8), "repeated",
		},
		"shape null":      {file(`{"a":{"dtype":"F32","shape":null,"data_offsets":[0,8]}}`, 8), "invalid character"},
		"shape fraction":  {file(`{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}`, 8), "number 2.5"},
		"three offsets":   {file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,9]}}`, 8), "missing"},
		"offsets too far": {file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775808]}}`, 8), "no integer"},
		"leading zero":    {file(`{"a":{"dtype":"F32","shape":[02],"data_offsets":[0,8]}}`, 8), "no integer"},
		"exponent":        {file(`{"a":{"dtype":"F32","shape":[2e0],"data_offsets":[0,8]}}`, 8), "no integer"},
		"no number":       {file(`{"a":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}`, 8), "no integer"},
		"comma at end":    {file(`{"a":{"dtype":"F32","shape":[2,],"data_offsets":[0,8]}}`, 8), "no integer"},
		"comma missing":   {file(`{"a":{"dtype":"F32","shape":[1 2],"data_offsets":[0,8]}}`, 8), "where , should be"},
		"no type":         {file(`{"a":{"dtype":"","dtype":"","shape":[2],"data_offsets":[0,8]}}`, 8), "missing"},
		"control":         {file("{\"a\x1f\":1}", 0), "not valid JSON"},
		"unknown escape":  {file(`{"\x61":1}`, 0), "not valid JSON"},
		"half a pair":     {file(`{"\ud800":1}`, 0), "not valid JSON"},
		"no second half":  {file(`{"\ud800\u0061":1}`, 0), "not valid JSON"},
		"second half":     {file(`{"\udc00":1}`, 0), "not valid JSON"},
		"short escape":    {file(`{"\u00`, 0), "not valid JSON"},
		"cut string":      {file(`{"a`, 0), "EOF"},
		"cut escape":      {file(`{"\`, 0), "EOF"},
		"cut list":        {file(`{"a":{"shape":[1`, 0), "EOF"},
		"unknown type":    {file(`{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}`, 8), "unknown dtype"},
		"negative size":   {file(`{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}`, 8), "negative"},
		"overflow": {
			file(`{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}`, 8), "overflows",
		},
		"wrong size":       {file(`{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}`, 8), "its shape needs"},
		"backwards":        {file(`{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,-8]}}`, 8), "its shape needs"},
		"gap at the start": {file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), "starts at 4"},
		"overlap": {
			file(`{`+one+`,"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), "starts at 4",
		},
		"past the end":    {file(`{`+one+`}`, 7), "past the end"},
		"bytes left over": {file(`{`+one+`}`, 9), "end at 8"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header, err := safetensors.Parse(bytes.NewReader(test.file), int64(len(test.file)))
			if test.want == "" {
				if err != nil || header.Length <= 8 {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestParseReturnsWhatWasEncoded(t *testing.T) {
	t.Parallel()
	want := &safetensors.Header{
		Metadata: []safetensors.Pair{{Key: "format", Value: "pt"}, {Key: "a", Value: "\"ü\n"}},
		Tensors: []safetensors.Tensor{
			{Name: "x", DType: "F32", Shape: []int64{2, 3}}, {Name: "ü", DType: "BOOL", Shape: []int64{}},
		},
	}
	if err := safetensors.Layout(want.Tensors); err != nil {
		t.Fatal(err)
	}
	text := want.Encode()
	want.Length = int64(len(text))
	data := append(text, make([]byte, 25)...)
	got, err := safetensors.Parse(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

func TestParseEscapes(t *testing.T) {
	t.Parallel()
	data := file(`{"__metadata__" : {"\"\\\/\b\f\n\r\t" : "\u00fc\ud83d\ude00\uFFFDé"} }`, 0)
	header, err := safetensors.Parse(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]safetensors.Pair{{Key: "\"\\/\b\f\n\r\t", Value: "ü😀\uFFFDé"}}, header.Metadata); diff != "" {
		t.Error(diff)
	}
}

// TestParseAgreesWithJSON changes each byte of a header into each that matters to JSON. What is then accepted must be JSON
// to encoding/json as well, and say the same.
func TestParseAgreesWithJSON(t *testing.T) {
	t.Parallel()
	const text = `{"__metadata__":{"a":"\u00e9\n"},"b\\":{"dtype":"U8","shape":[ 1,8 ],"data_offsets":[0,8]}, "c":` +
		`{"data_offsets":[8,12],"dtype":"F32","shape":[]}}  `
	accepted := 0
	for at := range len(text) {
		for _, c := range []byte("\"\\{}[]:,0189aenu-.\x00\n\t \xe9") {
			changed := []byte(text)
			changed[at] = c
			data := file(string(changed), 12)
			header, err := safetensors.Parse(bytes.NewReader(data), int64(len(data)))
			if err != nil {
				continue
			}
			accepted++
			var want map[string]struct {
				DType   string  `json:"dtype"`
				Shape   []int64 `json:"shape"`
				Offsets []int64 `json:"data_offsets"`
			}
			if err := json.Unmarshal(changed, &want); err != nil {
				t.Errorf("%s is accepted, but %v", changed, err)
				continue
			}
			for _, got := range header.Tensors {
				w, ok := want[got.Name]
				if !ok || w.DType != string(got.DType) || !slices.Equal(w.Shape, got.Shape) ||
					!slices.Equal(w.Offsets, []int64{got.Start, got.End}) {
					t.Errorf("%s: got %+v, want %+v", changed, got, w)
				}
			}
		}
	}
	if accepted < 100 {
		t.Errorf("%d changes are accepted; those of names alone are more", accepted)
	}
}

func TestParseReadError(t *testing.T) {
	t.Parallel()
	if _, err := safetensors.Parse(broken{}, 100); !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
}

var errBroken = errors.New("broken")

type broken struct{}

func (broken) ReadAt([]byte, int64) (int, error) { return 0, errBroken }

// counted counts what is read.
type counted struct {
	*bytes.Reader
	reads, bytes int
}

// ReadAt implements io.ReaderAt.
func (c *counted) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.Reader.ReadAt(p, off)
	c.reads, c.bytes = c.reads+1, c.bytes+n
	return n, err
}

// allocated is how many bytes this process has ever asked for.
func allocated() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.TotalAlloc
}

// FuzzHeader checks that what is accepted is sound, and the same when it is written and read again. Whatever it is, it is
// read once, and costs memory in proportion.
func FuzzHeader(f *testing.F) {
	f.Add(file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8))
	f.Add(file(`{"__metadata__":{"format":"pt"},"a":{"dtype":"F4","shape":[2],"data_offsets":[0,1]}}  `, 1))
	f.Add(file(`{"a":{"dtype":"F32","shape":[`+strings.Repeat("0,", 5000)+`0],"data_offsets":[0,0]}}`, 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		before := allocated()
		r := &counted{Reader: bytes.NewReader(data)}
		header, err := safetensors.Parse(r, int64(len(data)))
		if n := allocated() - before; n > 64<<10+64*uint64(len(data)) {
			t.Errorf("%d bytes cost %d of memory", len(data), n)
		}
		if r.reads > 2 || r.bytes > len(data) {
			t.Errorf("%d bytes were read in %d parts of %d", len(data), r.reads, r.bytes)
		}
		if err != nil {
			return
		}
		text := header.Encode()
		again := append(text, data[header.Length:]...)
		header.Length = int64(len(text))
		got, err := safetensors.Parse(bytes.NewReader(again), int64(len(again)))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(header, got); diff != "" {
			t.Errorf("(-first +second):\n%s", diff)
		}
	})
}
