package convert_test

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/hfbot/hfbot/convert"
)

// evil is a program that Python would run.
var evil = call(global("os", "system"), "id")

// four is the bytes of a storage of four float32 numbers.
const four = "abcdabcdabcdabcd"

// sound is a state pickle of one tensor "w" of the storage four under key 0.
var sound = state(dict("w", floats("0", 4)))

// w is a checkpoint that holds something under the name "w", with the storage four beside it.
func w(v code) []byte { return torchZip(state(dict("w", v)), four) }

// view is a checkpoint of one view of the storage four.
func view(offset int, shape, stride []int, more ...any) []byte {
	return w(tensor(storage("FloatStorage", "0", 4), offset, shape, stride, more...))
}

// refusal is a checkpoint and a part of the reason why it is refused.
type refusal struct {
	data   []byte
	reason string
}

// checkVerdict inspects each checkpoint, all of which have the same verdict.
func checkVerdict(t *testing.T, verdict convert.Verdict, tests map[string]refusal) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := inspect(t, test.data, convert.Options{})
			if plan.Verdict != verdict || !strings.Contains(plan.Reason, test.reason) {
				t.Errorf("got %s: %s\nwant %s: %s", plan.Verdict, plan.Reason, verdict, test.reason)
			}
			if (plan.Verdict == convert.OK) != (plan.Size() > 0) {
				t.Errorf("%s with an output of %d bytes", plan.Verdict, plan.Size())
			}
		})
	}
}

// TestSound takes what is unusual and yet sound.
func TestSound(t *testing.T) {
	t.Parallel()
	checkVerdict(t, convert.OK, map[string]refusal{
		"sound": {torchZip(sound, four), ""},
		"sound legacy": {
			legacyFile(littleEndian, sound, "](X\x01\x00\x00\x000e.", counted(4, four)), "",
		},
		"payload after STOP": {torchZip(sound+string(evil), four), ""},
		"deflated pickle": {
			zipOf(record{name: "a/data.pkl", data: sound, deflate: true}, record{name: "a/data/0", data: four}),
			"",
		},
		"zip64 fields": {
			zipOf(
				record{name: "a/data.pkl", data: sound, wide: true}, record{name: "a/data/0", data: four, wide: true},
			),
			"",
		},
		"data descriptors": {
			zipOf(
				record{name: "a/data.pkl", data: sound, flags: 0x808}, record{
					name: "a/data/0", data: four, flags: 0x808,
				},
			),
			"",
		},
		"bytes after the storage": {
			legacyFile(littleEndian, sound, "](X\x01\x00\x00\x000e.", counted(4, four)+"more"), "",
		},
	})
}

// TestNotTorch takes files that are no checkpoints.
func TestNotTorch(t *testing.T) {
	t.Parallel()
	checkVerdict(t, convert.NotTorch, map[string]refusal{
		"page":  {[]byte("<!doctype html><title>404</title>"), "HTML"},
		"numpy": {[]byte("\x93NUMPY\x01\x00v\x00{'descr'"), "numpy"},
		"hdf5":  {[]byte("\x89HDF\r\n\x1a\n0000"), "HDF5"},
		"safetensors": {
			[]byte("\x10\x00\x00\x00\x00\x00\x00\x00{\"a\":{}}        "), "already",
		},
		"plain pickle":        {[]byte(state(dict("a", 1))), "torch.save did not write"},
		"cut plain pickle":    {[]byte("\x80\x02}X\x01"), "torch.save"},
		"zip of other things": {zipOf(record{name: "word/document.xml", data: "<a/>"}), "a zip"},
		"tar of other things": {tarOf("readme.txt", "hello"), "a tar"},
	})
}

// patched replaces bytes; a negative offset counts from the end.
func patched(data []byte, at int, with string) []byte {
	data = bytes.Clone(data)
	copy(data[(len(data)+at)%len(data):], with)
	return data
}

// TestAmbiguousZip refuses zips that programs read in different ways, so that what is converted would not be what torch
// loads.
func TestAmbiguousZip(t *testing.T) {
	t.Parallel()
	good := torchZip(sound, four)
	le := binary.LittleEndian
	directory := le.Uint32(good[len(good)-6:])
	wide := func(count, start uint64) []byte { // with a zip64 end record beside the old one
		end := le.AppendUint64(append([]byte("PK\x06\x06"), make([]byte, 20)...), count)
		end = le.AppendUint64(le.AppendUint64(end, count), uint64(len(good)-22)-uint64(directory))
		end = le.AppendUint64(end, start)
		end = le.AppendUint64(append(end, "PK\x06\x07\x00\x00\x00\x00"...), uint64(len(good)-22))
		end = append(end, 1, 0, 0, 0)
		return append(append(bytes.Clone(good[:len(good)-22]), end...), good[len(good)-22:]...)
	}
	checkVerdict(t, convert.OK, map[string]refusal{"as it is": {good, ""}, "both ends": {wide(4, uint64(directory)), ""}})
	checkVerdict(t, convert.Malformed, map[string]refusal{
		"one of several":         {patched(good, -18, "\x01"), "a part of several"},
		"entries on other disks": {patched(good, -14, "\x03"), "a part of several"},
		"entries not counted":    {patched(good, -14, "\x03\x00\x03"), "holds 4 entries and says 3"},
		"entries too many":       {patched(good, -14, "\x05\x00\x05"), "holds 4 entries and says 5"},
		"two ends":               {append(patched(good, -2, "\x08"), "PK\x05\x06yyyy"...), "two ends"},
		"gap before the end": {
			slices.Concat(good[:len(good)-22], []byte("hidden"), good[len(good)-22:]), "does not reach up to its end",
		},
		"ends that differ":     {wide(3, uint64(directory)), "two end records differ"},
		"no zip64 record":      {wide(4, uint64(directory)+1), "zip64 end record is wrong"},
		"names but for case":   {zipOf(record{name: "a/data.pkl", data: sound}, record{name: "a/DATA.pkl", data: sound}), "there twice"},
		"name with a zero":     {zipOf(record{name: "a/data.pkl", data: sound}, record{name: "a/data.pkl\x00x", data: sound}), "not text"},
		"size that is not its": {patched(good, int(directory)+24, "\xff"), "two sizes"},
	})
}

// TestDangerous hides the same program in all kinds of places.
func TestDangerous(t *testing.T) {
	t.Parallel()
	checkVerdict(t, convert.Dangerous, map[string]refusal{
		"plain pickle, protocol 0": {[]byte("cos\nsystem\n(S'id'\ntR."), "os.system"},
		"plain pickle cut short":   {[]byte("cos\nsystem\n(S'id'\ntR"), "os.system"},
		"plain pickle of INST":     {[]byte("(S'id'\nios\nsystem\n."), "os.system"},
		"plain pickle of OBJ":      {[]byte("(cos\nsystem\nS'id'\no."), "os.system"},
		"named but not called":     {w(code("cos\nsystem\n0") + floats("0", 4)), "os.system"},
		"after an unknown class":   {w(call(global("my", "Thing")) + "0" + evil), "os.system"},
		"after malformed code":     {w("h\x63" + evil), "os.system"},
		"after a flood":            {w(code(strings.Repeat("(", 200_000)) + evil), "os.system"},
		"before the cut":           {torchZip(string("}"+evil), four), "os.system"},
		"in a deflated pickle": {
			zipOf(record{name: "a/data.pkl", data: string(evil) + ".", deflate: true}), "os.system",
		},
		"in a zip with a fault": {
			patched(zipOf(record{name: "a/data.pkl", data: string(evil) + "."}), -14, "\x02"), "os.system",
		},
		"in an entry that is not counted": {
			patched(zipOf(record{name: "a/data.pkl", data: "}."}, record{name: "a/b.pkl", data: string(evil) + "."}),
				-14, "\x01\x00\x01"), "os.system",
		},
		"in constants.pkl": {
			zipOf(
				record{name: "a/data.pkl", data: sound}, record{name: "a/data/0", data: four},
				record{name: "a/constants.pkl", data: string(evil) + "."},
			),
			"os.system",
		},
		"in the second of two": {
			zipOf(record{name: "a/data.pkl", data: "}."}, record{name: "a/data.pkl", data: string(evil) + "."}),
			"os.system",
		},
		"by attributes of torch": {
			w(code(pickled("torch") + pickled("os.system") + "\x93")), "os.system",
		},
		"by the module's Python 2 name": {w(global("__builtin__", "eval")), "eval"},
		"by memo": {
			w(code(pickled("system") + "q\x01" + pickled("os") + "h\x01\x93")), "os.system",
		},
		"nested torch.load": {
			w(call(global("torch.storage", "_load_from_bytes"), "x")), "_load_from_bytes",
		},
		"in the state of a dict": {w("}" + evil + "b"), "os.system"},
		"in a legacy state": {
			legacyFile(littleEndian, state(evil), "].", ""), "os.system",
		},
		"in legacy keys": {
			legacyFile(littleEndian, sound, string(evil)+".", ""), "os.system",
		},
		"in a tar": {tarOf("pickle", string(evil)+"."), "os.system"},
	})
}

// TestMalformed breaks the containers and the pickles in them.
func TestMalformed(t *testing.T) {
	t.Parallel()
	checkVerdict(t, convert.Malformed, map[string]refusal{
		"zip without data.pkl": {zipOf(record{name: "a/version", data: "3"}), "no data.pkl"},
		"end record missing":   {torchZip(sound, four)[:200], "end of the archive"},
		"record beyond the file": {
			zipOf(record{name: "a/data.pkl", data: sound}, record{name: "a/data/0", data: four, claim: 1 << 30}),
			"overlaps",
		},
		"records on one place": {
			zipOf(
				record{name: "a/data.pkl", data: sound}, record{name: "a/data/0", data: four},
				record{name: "a/data/1", data: four, header: 1},
			),
			"overlaps",
		},
		"record in another": {
			zipOf(
				record{name: "a/data.pkl", data: sound}, record{name: "a/data/0", data: four},
				record{name: "a/x", data: "x", header: 100},
			),
			"overlaps",
		},
		"local name differs": {
			zipOf(record{name: "a/data.pkl", data: sound}, record{name: "a/data/0", localName: "a/data/1", data: four}),
			"local header",
		},
		"local header too long": {
			zipOf(
				record{name: "a/data.pkl", data: sound}, record{name: "a/data/0", data: "abcd", extra: 40, claim: 16},
			),
			"overlaps",
		},
		"storage larger than record": {w(floats("0", 5)), "16 bytes"},
		"storage smaller":            {w(floats("0", 2)), "16 bytes"},
		"storage of other type": {
			w(tensor(storage("DoubleStorage", "0", 4), 0, []int{4}, []int{1})), "16 bytes",
		},
		"storage count overflows": {
			w(tensor(storage("FloatStorage", "0", 1<<62), 0, []int{1}, []int{1})), "overflows",
		},
		"storage count negative":  {w(floats("0", -4)), "persistent id"},
		"key that climbs":         {w(floats("../0", 4)), "plain name"},
		"persistent id of text":   {w("Pstorage\n"), "not a tuple"},
		"persistent id too short": {w(code(pickled([]any{"storage", "0"})) + "Q"), "2 items"},
		"persistent id of a kind": {
			w(code(pickled([]any{"tensor", "0"})) + "Q"), "unknown type",
		},
		"persistent id without class": {
			w(code(pickled([]any{"storage", "x", "0", "cpu", 4})) + "Q"), "persistent id",
		},
		"offset negative":     {view(-1, []int{1}, []int{1}), "negative storage offset"},
		"size negative":       {view(0, []int{-1}, []int{1}), "negative size"},
		"span overflows":      {view(0, []int{2, 2}, []int{1 << 62, 1 << 62}), "overflows"},
		"offset overflows":    {view(1<<62+1<<61, []int{4}, []int{1}), "past its storage"},
		"strides missing":     {view(0, []int{2, 2}, []int{1}), "strides"},
		"too many dimensions": {view(0, make([]int, 65), make([]int, 65)), "wrong types"},
		"size of text": {
			w(
				call(
					global("torch._utils", "_rebuild_tensor_v2"), storage("FloatStorage", "0", 4), 0, "x", "y", false,
					nil,
				),
			),
			"wrong types",
		},
		"too few arguments": {
			w(call(global("torch._utils", "_rebuild_tensor_v2"))), "0 arguments",
		},
		"call of a type": {w(call(global("torch", "float32"))), "call of"},
		"extension code": {w("\x82\x05)R"), "extension"},
		"flood of marks": {w(code(strings.Repeat("(", 200_000))), "marks"},
		"flood of copies": {
			w(
				code("](" + strings.Repeat("N", 20_000) + "eq\x010" +
					strings.Repeat("cbuiltins\nset\n(h\x01tR0", 20) + "N"),
			),
			"collections",
		},
		"legacy cut in a storage": {
			legacyFile(littleEndian, sound, "](X\x01\x00\x00\x000e.", counted(4, "abcd")),
			"ends within",
		},
		"legacy count differs": {
			legacyFile(littleEndian, sound, "](X\x01\x00\x00\x000e.", counted(3, four)),
			"declared with",
		},
		"legacy key unknown": {
			legacyFile(littleEndian, sound, "](X\x01\x00\x00\x001e.", counted(4, four)), "unknown",
		},
		"legacy key twice": {
			legacyFile(
				littleEndian, sound, "](X\x01\x00\x00\x000X\x01\x00\x00\x000e.", counted(4, four)+counted(4, four),
			),
			"twice",
		},
		"legacy key missing": {
			legacyFile(littleEndian, sound, "].", counted(4, four)), "missing",
		},
		"legacy keys no list": {
			legacyFile(littleEndian, sound, "N.", counted(4, four)), "no list",
		},
		"legacy cut in the state": {
			legacyFile(littleEndian, sound[:20], "", ""), "ends in the middle",
		},
		"odd byte order": {
			zipOf(
				record{name: "a/data.pkl", data: sound}, record{name: "a/byteorder", data: "middle"},
				record{name: "a/data/0", data: four},
			),
			"byte order",
		},
	})
}

// TestTooBig has a view far larger than its storage.
func TestTooBig(t *testing.T) {
	t.Parallel()
	checkVerdict(t, convert.TooBig, map[string]refusal{
		"expanded without end": {
			w(tensor(storage("FloatStorage", "0", 4), 0, []int{1 << 20, 1 << 10}, []int{0, 0})),
			"overlap",
		},
	})
}

// TestUnsupported takes what is well formed and cannot be converted.
func TestUnsupported(t *testing.T) {
	t.Parallel()
	checkVerdict(t, convert.Unsupported, map[string]refusal{
		"name of half a character": {torchZip(state(dict(code("X\x03\x00\x00\x00\xed\xa0\x80"), floats("0", 4))), four), "a str that is not Unicode"},
		"big endian": {
			zipOf(
				record{name: "a/data.pkl", data: sound}, record{name: "a/byteorder", data: "big"},
				record{name: "a/data/0", data: four},
			),
			"big-endian",
		},
		"legacy big endian": {
			legacyFile("}X\x0d\x00\x00\x00little_endian\x89s.", sound, "](X\x01\x00\x00\x000e.", counted(4, four)),
			"big-endian",
		},
		"TorchScript": {
			zipOf(
				record{name: "a/data.pkl", data: sound}, record{name: "a/data/0", data: four},
				record{name: "a/constants.pkl", data: ")."},
			),
			"TorchScript",
		},
		"tar of torch": {tarOf("pickle", "}."), "a tar"},
		"encrypted": {
			zipOf(record{name: "a/data.pkl", data: sound, flags: 1}, record{name: "a/data/0", data: four, flags: 1}),
			"encrypted",
		},
		"unknown class":        {w(call(global("my", "Thing"))), "my.Thing"},
		"unknown class unused": {w(code("cmy\nThing\n0") + floats("0", 4)), "my.Thing"},
		"dict in itself": {
			w(code("}q\x01" + pickled("me") + "h\x01s")), "contains itself",
		},
		"state of a tensor": {
			w(floats("0", 4) + code(pickled([]any{1, 2, 3, 4})) + "b"), "state",
		},
		"state of a function": {
			w(global("torch._utils", "_rebuild_tensor_v2") + "}b"), "state",
		},
		"view of a storage": {
			w(code(pickled([]any{"storage", global("torch", "FloatStorage"), "0", "cpu", 4, []any{"1", 0, 4}})) + "Q"),
			"before 0.4",
		},
		"source of a module": {
			w(code(pickled([]any{"module", "x", "y", "z"})) + "Q"), "source code",
		},
		"conjugated": {view(0, []int{4}, []int{1}, dict("conj", true)), "metadata"}, // of numbers that are not complex
		"quantised": {
			w(call(global("torch._utils", "_rebuild_qtensor"), floats("0", 4))),
			`entry "w" is a quantized tensor`,
		},
		"numpy array": {
			torchZip(
				state(
					dict(
						"w", floats("0", 4), "n",
						call(
							global("numpy.core.multiarray", "_reconstruct"), global("numpy", "ndarray"), []int{0}, "b",
						),
					),
				),
				four,
			),
			"numpy array",
		},
		"name that is a number": {
			torchZip(state(dict(1, floats("0", 4))), four), "not under a name",
		},
		"reserved name": {
			torchZip(state(dict("__metadata__", floats("0", 4))), four), "reserved",
		},
		"tensor alone": {torchZip(state(floats("0", 4)), four), "a tensor"},
		"two places": {
			torchZip(state(dict("model", dict("w", floats("0", 4)), "params", dict("w", floats("0", 4)))), four),
			"by key",
		},
		"the top and a place": {
			torchZip(state(dict("w", floats("0", 4), "model", dict("w", floats("0", 4)))), four),
			"the top, model",
		},
		"tensors somewhere else": {
			torchZip(state(dict("generator", dict("w", floats("0", 4)))), four), `"generator"`,
		},
	})
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
