package convert_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/big"
	"slices"
	"strings"
)

// This file builds checkpoints, sound and broken ones, the way torch.save does.

// record is one entry of a zip.
type record struct {
	name      string
	data      string
	deflate   bool
	localName string // in the local header; default name
	crcOff    uint32 // by which the checksum is wrong
	noCRC     bool   // the checksum is 0
	extra     int    // bytes of padding in the local header
	claim     int64  // size in the directory; default the real one
	header    int64  // offset of the local header in the directory; default the real one
	flags     uint16
	wide      bool // numbers in a zip64 field
}

// zipOf writes a zip of records.
func zipOf(records ...record) []byte {
	var out, directory bytes.Buffer
	le := binary.LittleEndian
	for _, r := range records {
		data := []byte(r.data)
		method := uint16(0)
		if r.deflate {
			method = 8
			var b bytes.Buffer
			w, _ := flate.NewWriter(&b, 9)
			w.Write(data)
			w.Close()
			data = b.Bytes()
		}
		local := r.name
		if r.localName != "" {
			local = r.localName
		}
		header, compressed, size := int64(out.Len()), int64(len(data)), int64(len(r.data))
		if r.claim != 0 {
			compressed, size = r.claim, r.claim
		}
		if r.header != 0 {
			header = r.header
		}
		crc := crc32.ChecksumIEEE([]byte(r.data)) + r.crcOff
		if r.noCRC {
			crc = 0
		}
		b := le.AppendUint32(nil, 0x04034b50)
		b = appendNumbers(b, 20, r.flags, method, 0, 0)
		b = le.AppendUint32(b, crc)
		b = le.AppendUint32(le.AppendUint32(b, uint32(len(data))), uint32(len(r.data)))
		b = appendNumbers(b, uint16(len(local)), uint16(r.extra))
		out.Write(append(append(b, local...), make([]byte, r.extra)...))
		out.Write(data)

		b = le.AppendUint32(nil, 0x02014b50)
		b = appendNumbers(b, 20, 20, r.flags, method, 0, 0)
		b = le.AppendUint32(b, crc)
		var extra []byte
		if r.wide {
			extra = appendNumbers(nil, 9, 1, 0, 1, 24) // another field of one byte comes first
			extra = append(extra[:4], append([]byte{0}, extra[6:]...)...)
			extra[2] = 1
			for _, n := range []int64{size, compressed, header} {
				extra = le.AppendUint64(extra, uint64(n))
			}
			size, compressed, header = 0xffffffff, 0xffffffff, 0xffffffff
		}
		b = le.AppendUint32(le.AppendUint32(b, uint32(compressed)), uint32(size))
		b = appendNumbers(b, uint16(len(r.name)), uint16(len(extra)), 0, 0, 0, 0, 0)
		b = le.AppendUint32(b, uint32(header))
		directory.Write(append(append(b, r.name...), extra...))
	}
	start, length := out.Len(), directory.Len()
	out.Write(directory.Bytes())
	b := appendNumbers([]byte("PK\x05\x06"), 0, 0, uint16(len(records)), uint16(len(records)))
	b = le.AppendUint32(le.AppendUint32(b, uint32(length)), uint32(start))
	out.Write(appendNumbers(b, 0))
	return out.Bytes()
}

func appendNumbers(b []byte, numbers ...uint16) []byte {
	for _, n := range numbers {
		b = binary.LittleEndian.AppendUint16(b, n)
	}
	return b
}

// torchZip writes a checkpoint of a state pickle and storages, named 0, 1 and so on.
func torchZip(state string, storages ...string) []byte {
	records := []record{{name: "archive/data.pkl", data: state}, {name: "archive/byteorder", data: "little"}}
	for i, s := range storages {
		records = append(records, record{name: fmt.Sprintf("archive/data/%d", i), data: s, extra: 7})
	}
	return zipOf(append(records, record{name: "archive/version", data: "3\n"})...)
}

// legacyFile writes a checkpoint of the container before torch 1.6. The storages come as they stand in the file.
func legacyFile(sysInfo, state, keys, storages string) []byte {
	magic, _ := new(big.Int).SetString("1950a86a20f9469cfc6c", 16)
	b := magic.Bytes()
	slices.Reverse(b)
	return []byte("\x80\x02\x8a\x0a" + string(b) + ".\x80\x02M\xe9\x03." + sysInfo + state + keys + storages)
}

const littleEndian = "}X\x0d\x00\x00\x00little_endian\x88s."

// counted is a storage as it stands in a legacy file.
func counted(elements int64, data string) string {
	return string(binary.LittleEndian.AppendUint64(nil, uint64(elements))) + data
}

// pickled writes the pickle of a Go value: nil, bool, int, int64, string, raw code, and slices for tuples.
func pickled(v any) string {
	switch v := v.(type) {
	case nil:
		return "N"
	case bool:
		if v {
			return "\x88"
		}
		return "\x89"
	case int:
		return pickled(int64(v))
	case int64:
		return fmt.Sprintf("L%dL\n", v)
	case string:
		return string(binary.LittleEndian.AppendUint32([]byte("X"), uint32(len(v)))) + v
	case code:
		return string(v)
	case []any:
		return "(" + pickledAll(v) + "t"
	case []int:
		items := make([]any, len(v))
		for i, n := range v {
			items[i] = n
		}
		return pickled(items)
	}
	panic(fmt.Sprintf("%T cannot be pickled here", v))
}

func pickledAll(items []any) string {
	var b strings.Builder
	for _, item := range items {
		b.WriteString(pickled(item))
	}
	return b.String()
}

// code is a piece of pickle program.
type code string

func global(module, name string) code { return code("c" + module + "\n" + name + "\n") }

func call(callee code, args ...any) code { return callee + code(pickled(args)) + "R" }

// storage is a reference to a storage of a class of module torch, or "module Class".
func storage(class, key string, elements int) code {
	module, name, ok := strings.Cut(class, " ")
	if !ok {
		module, name = "torch", class
	}
	return code(pickled([]any{"storage", global(module, name), key, "cpu", elements})) + "Q"
}

// tensor is a view rebuilt by _rebuild_tensor_v2.
func tensor(storage code, offset int, shape, stride []int, more ...any) code {
	hooks := call(global("collections", "OrderedDict"))
	args := append([]any{storage, offset, shape, stride, false, hooks}, more...)
	return call(global("torch._utils", "_rebuild_tensor_v2"), args...)
}

// floats is a whole storage of float32 as a vector.
func floats(key string, elements int) code {
	return tensor(storage("FloatStorage", key, elements), 0, []int{elements}, []int{1})
}

// dict is the code of a dict of alternating keys and values.
func dict(items ...any) code { return code("}(" + pickledAll(items) + "u") }

// state is a whole pickle of one value.
func state(v code) string { return "\x80\x02" + string(v) + "." }

// benchCheckpoint builds a checkpoint of float32 tensors.
func benchCheckpoint(tensors, elements int) []byte {
	var items []any
	records := make([]record, 1, tensors+1)
	storage := string(bytes.Repeat([]byte("\x00\x00\x80\x3f"), elements))
	for i := range tensors {
		items = append(items, fmt.Sprintf("layer.%d.weight", i), floats(fmt.Sprint(i), elements))
		records = append(records, record{name: fmt.Sprintf("a/data/%d", i), data: storage})
	}
	records[0] = record{name: "a/data.pkl", data: state(dict(items...))}
	return zipOf(append(records, record{name: "a/version", data: "3\n"})...)
}
