package convert_test

import (
	"archive/tar"
	"bytes"
	"strings"
	"testing"

	"github.com/hfbot/hfbot/convert"
)

// evil is a program that Python would run.
var evil = call(global("os", "system"), "id")

// TestVerdicts goes through what may be wrong with a checkpoint, beside the fixtures.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	four := strings.Repeat("abcd", 4) // 16 bytes
	ok := state(dict("w", floats("0", 4)))
	w := func(v code) []byte { return torchZip(state(dict("w", v)), four) }
	view := func(offset int, shape, stride []int, more ...any) []byte {
		return w(tensor(storage("FloatStorage", "0", 4), offset, shape, stride, more...))
	}
	tests := map[string]struct {
		data    []byte
		verdict convert.Verdict
		reason  string
	}{
		"sound":                   {torchZip(ok, four), convert.OK, ""},
		"sound legacy":            {legacyFile(littleEndian, ok, "](X\x01\x00\x00\x000e.", counted(4, four)), convert.OK, ""},
		"payload after STOP":      {torchZip(ok+string(evil), four), convert.OK, ""},
		"deflated pickle":         {zipOf(record{name: "a/data.pkl", data: ok, deflate: true}, record{name: "a/data/0", data: four}), convert.OK, ""},
		"zip64 fields":            {zipOf(record{name: "a/data.pkl", data: ok, wide: true}, record{name: "a/data/0", data: four, wide: true}), convert.OK, ""},
		"data descriptors":        {zipOf(record{name: "a/data.pkl", data: ok, flags: 0x808}, record{name: "a/data/0", data: four, flags: 0x808}), convert.OK, ""},
		"bytes after the storage": {legacyFile(littleEndian, ok, "](X\x01\x00\x00\x000e.", counted(4, four)+"more"), convert.OK, ""},

		"page":                {[]byte("<!doctype html><title>404</title>"), convert.NotTorch, "HTML"},
		"numpy":               {[]byte("\x93NUMPY\x01\x00v\x00{'descr'"), convert.NotTorch, "numpy"},
		"hdf5":                {[]byte("\x89HDF\r\n\x1a\n0000"), convert.NotTorch, "HDF5"},
		"safetensors":         {[]byte("\x10\x00\x00\x00\x00\x00\x00\x00{\"a\":{}}        "), convert.NotTorch, "already"},
		"plain pickle":        {[]byte(state(dict("a", 1))), convert.NotTorch, "torch.save did not write"},
		"cut plain pickle":    {[]byte("\x80\x02}X\x01"), convert.NotTorch, "torch.save"},
		"zip of other things": {zipOf(record{name: "word/document.xml", data: "<a/>"}), convert.NotTorch, "a zip"},
		"tar of other things": {tarOf("readme.txt", "hello"), convert.NotTorch, "a tar"},

		"plain pickle, protocol 0":      {[]byte("cos\nsystem\n(S'id'\ntR."), convert.Dangerous, "os.system"},
		"plain pickle cut short":        {[]byte("cos\nsystem\n(S'id'\ntR"), convert.Dangerous, "os.system"},
		"plain pickle of INST":          {[]byte("(S'id'\nios\nsystem\n."), convert.Dangerous, "os.system"},
		"plain pickle of OBJ":           {[]byte("(cos\nsystem\nS'id'\no."), convert.Dangerous, "os.system"},
		"named but not called":          {w(code("cos\nsystem\n0") + floats("0", 4)), convert.Dangerous, "os.system"},
		"after an unknown class":        {w(call(global("my", "Thing")) + "0" + evil), convert.Dangerous, "os.system"},
		"after malformed code":          {w("h\x63" + evil), convert.Dangerous, "os.system"},
		"after a flood":                 {w(code(strings.Repeat("(", 200_000)) + evil), convert.Dangerous, "os.system"},
		"before the cut":                {torchZip(string("}"+evil), four), convert.Dangerous, "os.system"},
		"in a deflated pickle":          {zipOf(record{name: "a/data.pkl", data: string(evil) + ".", deflate: true}), convert.Dangerous, "os.system"},
		"in constants.pkl":              {zipOf(record{name: "a/data.pkl", data: ok}, record{name: "a/data/0", data: four}, record{name: "a/constants.pkl", data: string(evil) + "."}), convert.Dangerous, "os.system"},
		"in the second of two":          {zipOf(record{name: "a/data.pkl", data: "}."}, record{name: "a/data.pkl", data: string(evil) + "."}), convert.Dangerous, "os.system"},
		"by attributes of torch":        {w(code(pickled("torch") + pickled("os.system") + "\x93")), convert.Dangerous, "os.system"},
		"by the module's Python 2 name": {w(global("__builtin__", "eval")), convert.Dangerous, "eval"},
		"by memo":                       {w(code(pickled("system") + "q\x01" + pickled("os") + "h\x01\x93")), convert.Dangerous, "os.system"},
		"nested torch.load":             {w(call(global("torch.storage", "_load_from_bytes"), "x")), convert.Dangerous, "_load_from_bytes"},
		"in the state of a dict":        {w("}" + evil + "b"), convert.Dangerous, "os.system"},
		"in a legacy state":             {legacyFile(littleEndian, state(evil), "].", ""), convert.Dangerous, "os.system"},
		"in legacy keys":                {legacyFile(littleEndian, ok, string(evil)+".", ""), convert.Dangerous, "os.system"},
		"in a tar":                      {tarOf("pickle", string(evil)+"."), convert.Dangerous, "os.system"},

		"zip without data.pkl":        {zipOf(record{name: "a/version", data: "3"}), convert.Malformed, "no data.pkl"},
		"end record missing":          {torchZip(ok, four)[:200], convert.Malformed, "end of the archive"},
		"record beyond the file":      {zipOf(record{name: "a/data.pkl", data: ok}, record{name: "a/data/0", data: four, claim: 1 << 30}), convert.Malformed, "overlaps"},
		"records on one place":        {zipOf(record{name: "a/data.pkl", data: ok}, record{name: "a/data/0", data: four}, record{name: "a/data/1", data: four, header: 1}), convert.Malformed, "overlaps"},
		"record in another":           {zipOf(record{name: "a/data.pkl", data: ok}, record{name: "a/data/0", data: four}, record{name: "a/x", data: "x", header: 100}), convert.Malformed, "overlaps"},
		"local name differs":          {zipOf(record{name: "a/data.pkl", data: ok}, record{name: "a/data/0", localName: "a/data/1", data: four}), convert.Malformed, "local header"},
		"local header too long":       {zipOf(record{name: "a/data.pkl", data: ok}, record{name: "a/data/0", data: "abcd", extra: 40, claim: 16}), convert.Malformed, "overlaps"},
		"storage larger than record":  {w(floats("0", 5)), convert.Malformed, "16 bytes"},
		"storage smaller":             {w(floats("0", 2)), convert.Malformed, "16 bytes"},
		"storage of other type":       {w(tensor(storage("DoubleStorage", "0", 4), 0, []int{4}, []int{1})), convert.Malformed, "16 bytes"},
		"storage count overflows":     {w(tensor(storage("FloatStorage", "0", 1<<62), 0, []int{1}, []int{1})), convert.Malformed, "overflows"},
		"storage count negative":      {w(floats("0", -4)), convert.Malformed, "persistent id"},
		"key that climbs":             {w(floats("../0", 4)), convert.Malformed, "plain name"},
		"persistent id of text":       {w("Pstorage\n"), convert.Malformed, "not a tuple"},
		"persistent id too short":     {w(code(pickled([]any{"storage", "0"})) + "Q"), convert.Malformed, "2 items"},
		"persistent id of a kind":     {w(code(pickled([]any{"tensor", "0"})) + "Q"), convert.Malformed, "unknown type"},
		"persistent id without class": {w(code(pickled([]any{"storage", "x", "0", "cpu", 4})) + "Q"), convert.Malformed, "persistent id"},
		"offset negative":             {view(-1, []int{1}, []int{1}), convert.Malformed, "negative storage offset"},
		"size negative":               {view(0, []int{-1}, []int{1}), convert.Malformed, "negative size"},
		"span overflows":              {view(0, []int{2, 2}, []int{1 << 62, 1 << 62}), convert.Malformed, "overflows"},
		"offset overflows":            {view(1<<62+1<<61, []int{4}, []int{1}), convert.Malformed, "past its storage"},
		"strides missing":             {view(0, []int{2, 2}, []int{1}), convert.Malformed, "strides"},
		"too many dimensions":         {view(0, make([]int, 65), make([]int, 65)), convert.Malformed, "wrong types"},
		"size of text":                {w(call(global("torch._utils", "_rebuild_tensor_v2"), storage("FloatStorage", "0", 4), 0, "x", "y", false, nil)), convert.Malformed, "wrong types"},
		"too few arguments":           {w(call(global("torch._utils", "_rebuild_tensor_v2"))), convert.Malformed, "0 arguments"},
		"call of a type":              {w(call(global("torch", "float32"))), convert.Malformed, "call of"},
		"extension code":              {w("\x82\x05)R"), convert.Malformed, "extension"},
		"flood of marks":              {w(code(strings.Repeat("(", 200_000))), convert.Malformed, "marks"},
		"flood of copies":             {w(code("]("+strings.Repeat("N", 20_000)+"eq\x010") + code(strings.Repeat("cbuiltins\nset\n(h\x01tR0", 20)) + "N"), convert.Malformed, "collections"},
		"legacy cut in a storage":     {legacyFile(littleEndian, ok, "](X\x01\x00\x00\x000e.", counted(4, "abcd")), convert.Malformed, "ends within"},
		"legacy count differs":        {legacyFile(littleEndian, ok, "](X\x01\x00\x00\x000e.", counted(3, four)), convert.Malformed, "declared with"},
		"legacy key unknown":          {legacyFile(littleEndian, ok, "](X\x01\x00\x00\x001e.", counted(4, four)), convert.Malformed, "unknown"},
		"legacy key twice":            {legacyFile(littleEndian, ok, "](X\x01\x00\x00\x000X\x01\x00\x00\x000e.", counted(4, four)+counted(4, four)), convert.Malformed, "twice"},
		"legacy key missing":          {legacyFile(littleEndian, ok, "].", counted(4, four)), convert.Malformed, "missing"},
		"legacy keys no list":         {legacyFile(littleEndian, ok, "N.", counted(4, four)), convert.Malformed, "no list"},
		"legacy cut in the state":     {legacyFile(littleEndian, ok[:20], "", ""), convert.Malformed, "ends in the middle"},
		"odd byte order":              {zipOf(record{name: "a/data.pkl", data: ok}, record{name: "a/byteorder", data: "middle"}, record{name: "a/data/0", data: four}), convert.Malformed, "byte order"},

		"expanded without end": {w(tensor(storage("FloatStorage", "0", 4), 0, []int{1 << 20, 1 << 10}, []int{0, 0})), convert.TooBig, "overlap"},

		"big endian":             {zipOf(record{name: "a/data.pkl", data: ok}, record{name: "a/byteorder", data: "big"}, record{name: "a/data/0", data: four}), convert.Unsupported, "big-endian"},
		"legacy big endian":      {legacyFile("}X\x0d\x00\x00\x00little_endian\x89s.", ok, "](X\x01\x00\x00\x000e.", counted(4, four)), convert.Unsupported, "big-endian"},
		"TorchScript":            {zipOf(record{name: "a/data.pkl", data: ok}, record{name: "a/data/0", data: four}, record{name: "a/constants.pkl", data: ")."}), convert.Unsupported, "TorchScript"},
		"tar of torch":           {tarOf("pickle", "}."), convert.Unsupported, "a tar"},
		"encrypted":              {zipOf(record{name: "a/data.pkl", data: ok, flags: 1}, record{name: "a/data/0", data: four, flags: 1}), convert.Unsupported, "encrypted"},
		"unknown class":          {w(call(global("my", "Thing"))), convert.Unsupported, "my.Thing"},
		"unknown class unused":   {w(code("cmy\nThing\n0") + floats("0", 4)), convert.Unsupported, "my.Thing"},
		"dict in itself":         {w(code("}q\x01" + pickled("me") + "h\x01s")), convert.Unsupported, "contains itself"},
		"state of a tensor":      {w(floats("0", 4) + code(pickled([]any{1, 2, 3, 4})) + "b"), convert.Unsupported, "state"},
		"state of a function":    {w(global("torch._utils", "_rebuild_tensor_v2") + "}b"), convert.Unsupported, "state"},
		"view of a storage":      {w(code(pickled([]any{"storage", global("torch", "FloatStorage"), "0", "cpu", 4, []any{"1", 0, 4}})) + "Q"), convert.Unsupported, "before 0.4"},
		"source of a module":     {w(code(pickled([]any{"module", "x", "y", "z"})) + "Q"), convert.Unsupported, "source code"},
		"conjugated":             {view(0, []int{4}, []int{1}, dict("conj", true)), convert.Unsupported, "conjugated"},
		"quantised":              {w(call(global("torch._utils", "_rebuild_qtensor"), floats("0", 4))), convert.Unsupported, "_rebuild_qtensor"},
		"numpy array":            {torchZip(state(dict("w", floats("0", 4), "n", call(global("numpy.core.multiarray", "_reconstruct"), global("numpy", "ndarray"), []int{0}, "b"))), four), convert.Unsupported, "numpy array"},
		"name that is a number":  {torchZip(state(dict(1, floats("0", 4))), four), convert.Unsupported, "not under a name"},
		"reserved name":          {torchZip(state(dict("__metadata__", floats("0", 4))), four), convert.Unsupported, "reserved"},
		"tensor alone":           {torchZip(state(floats("0", 4)), four), convert.Unsupported, "a tensor"},
		"two places":             {torchZip(state(dict("model", dict("w", floats("0", 4)), "params", dict("w", floats("0", 4)))), four), convert.Unsupported, "by key"},
		"the top and a place":    {torchZip(state(dict("w", floats("0", 4), "model", dict("w", floats("0", 4)))), four), convert.Unsupported, "the top, model"},
		"tensors somewhere else": {torchZip(state(dict("generator", dict("w", floats("0", 4)))), four), convert.Unsupported, `"generator"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := inspect(t, test.data, convert.Options{})
			if plan.Verdict != test.verdict || !strings.Contains(plan.Reason, test.reason) {
				t.Errorf("got %s: %s\nwant %s: %s", plan.Verdict, plan.Reason, test.verdict, test.reason)
			}
			if (plan.Verdict == convert.OK) != (plan.Size() > 0) {
				t.Errorf("%s with an output of %d bytes", plan.Verdict, plan.Size())
			}
		})
	}
}

// tarOf writes a tar of one file.
func tarOf(name, data string) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	w.WriteHeader(&tar.Header{Name: name, Size: int64(len(data)), Mode: 0o644})
	w.Write([]byte(data))
	w.Close()
	return b.Bytes()
}
