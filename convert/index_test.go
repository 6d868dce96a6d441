package convert_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/convert"
)

const shardedIndex = `{"metadata":{"total_size":1312,"kind":"x<y"},"weight_map":{
	"lm_head.weight":"pytorch_model-00001-of-00002.bin","model.embed_tokens.weight":"pytorch_model-00001-of-00002.bin",
	"model.layers.0.weight":"pytorch_model-00002-of-00002.bin","model.norm.weight":"pytorch_model-00002-of-00002.bin"}}`

const shardOne, shardTwo = "pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"

func TestReadIndex(t *testing.T) {
	t.Parallel()
	index, err := convert.ReadIndex(strings.NewReader(shardedIndex))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{shardOne, shardTwo}, index.Shards()); diff != "" {
		t.Errorf("shards (-want +got):\n%s", diff)
	}
}

// TestIndexUntrue has indexes that say something else than the shards hold.
func TestIndexUntrue(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		old, new string
		want     string
	}{
		"tensor too many": {
			`"model.norm.weight":`, `"more":"pytorch_model-00002-of-00002.bin","model.norm.weight":`, "2 of the 3",
		},
		"tensor missing": {`,"model.norm.weight":"pytorch_model-00002-of-00002.bin"`, ``, "does not list"},
		"in other shard": {
			`"model.norm.weight":"pytorch_model-00002`, `"model.norm.weight":"pytorch_model-00001`, "of-0000",
		},
		"one elsewhere": {
			`"model.norm.weight":"pytorch_model-00002`, `"model.norm.weight":"pytorch_model-00003`, "does not list",
		},
		"shard unknown": {
			`"weight_map":{`, `"weight_map":{"more":"pytorch_model-00003-of-00003.bin",`, "not one of its files",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(shardedIndex, test.old, test.new, 1)
			if text == shardedIndex {
				t.Fatal("nothing was replaced")
			}
			_, err := openSharded(t, text, convert.Options{})
			var refused *convert.RefusedError
			if !errors.As(err, &refused) || refused.Plan.Verdict != convert.Malformed ||
				refused.Path != "sub/pytorch_model.bin.index.json" || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestReadIndexErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want string }{
		"empty":          {"", "unexpected end"},
		"no JSON":        {"<html>", "invalid character"},
		"no map":         {`{"metadata":{}}`, "missing"},
		"map of list":    {`{"weight_map":[]}`, "no object"},
		"map empty":      {`{"weight_map":{}}`, "empty"},
		"shard number":   {`{"weight_map":{"a":1}}`, "no name"},
		"shard null":     {`{"weight_map":{"a":null}}`, "no name"},
		"name twice":     {`{"weight_map":{"a":"x","a":"y"}}`, "twice"},
		"path":           {`{"weight_map":{"a":"x/y.bin"}}`, "plain file name"},
		"parent":         {`{"weight_map":{"a":".."}}`, "plain file name"},
		"other folder":   {`{"weight_map":{"a":"..\\y.bin"}}`, "plain file name"},
		"drive":          {`{"weight_map":{"a":"c:y.bin"}}`, "plain file name"},
		"no text":        {`{"weight_map":{"a":""}}`, "plain file name"},
		"control":        {`{"weight_map":{"a":"a\u0000b"}}`, "plain file name"},
		"name very long": {`{"weight_map":{"a":"` + strings.Repeat("x", 300) + `"}}`, "plain file name"},
		"too long":       {strings.Repeat(" ", 64<<20) + "{}", "longer than"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := convert.ReadIndex(strings.NewReader(test.text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// FuzzIndex checks that what is accepted names plain files and can be written, and that nothing costs more memory than is in
// proportion.
func FuzzIndex(f *testing.F) {
	f.Add([]byte(shardedIndex))
	f.Add([]byte(`{"weight_map":{"a":"b"},"metadata":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		before := allocated()
		index, err := convert.ReadIndex(bytes.NewReader(text))
		if n := allocated() - before; n > 64<<10+128*uint64(len(text)) {
			t.Errorf("%d bytes cost %d of memory", len(text), n)
		}
		if err != nil {
			return
		}
		for _, shard := range index.Shards() {
			if strings.ContainsAny(shard, "/\\\x00") || shard == ".." || shard == "" {
				t.Errorf("shard %q", shard)
			}
		}
		again, err := index.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := convert.ReadIndex(bytes.NewReader(again)); err != nil {
			t.Error(err)
		}
	})
}
