package pickle_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/convert/pickle"
)

// TestProtocols reads one object as CPython's pickle.dumps wrote it in each protocol.
func TestProtocols(t *testing.T) {
	t.Parallel()
	const want = `{"none": None, "yes": true, "no": false, "small": 7, "byte": 200, "word": 60000, "neg": -5, ` +
		`"int": 2147483647, "long": 1099511627776, "neglong": -1099511627776, "big": 119547037146038801333356, ` +
		`"negbig": -1180591620717411303424, "float": 0.1, "text": "ü.名 \\u0041 \n'\"\\", "bytes": BYTES, ` +
		`"tuple0": (), "tuple1": (1), "tuple4": (1, 2, 3, 4), "list": [1, [2, [3]]], "set": set(5), ` +
		`"frozen": set(6), "dict": {"a": {"b": 1}}, "od": {"x": 1}}`
	for _, protocol := range []string{"0", "1", "2", "3", "4", "5"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile("testdata/protocol" + protocol + ".pkl")
			if err != nil {
				t.Fatal(err)
			}
			res, _ := run(t, string(data), pickle.Limits{})
			if res.Malformed != nil || res.Unsupported != nil || res.Length != int64(len(data)) {
				t.Fatalf("%v, %v, %d bytes of %d", res.Malformed, res.Unsupported, res.Length, len(data))
			}
			bytes := `b"\x00\xff"`
			if protocol < "3" {
				bytes = `b"\x00ÿ"` // protocols that have no bytes encode them as Latin-1 text
			}
			if diff := cmp.Diff(strings.Replace(want, "BYTES", bytes, 1), dump(res.Value)); diff != "" {
				t.Errorf("value (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPrograms(t *testing.T) {
	t.Parallel()
	const longText = "X\x00\x00\x02\x00" // of 128 KiB
	tests := map[string]struct {
		program     string
		value       string
		malformed   string
		unsupported string
		asked       []string
	}{
		"none":             {program: "N.", value: "None"},
		"booleans as text": {program: "(I01\nI00\nt.", value: "(true, false)"},
		"numbers as text":  {program: "(I-12\nL99L\nF1.5\nt.", value: "(-12, 99, 1.5)"},
		"negative long":    {program: "\x8a\x01\xff.", value: "-1"},
		"empty long":       {program: "\x8a\x00.", value: "0"},
		"long too long to keep": {
			program: "\x8b\x00\x20\x00\x00" + strings.Repeat("x", 8192) + ".", value: "<8192 bytes>",
		},
		"python 2 text":           {program: `S'a\x41\101\n\'\q'` + "\n.", value: `"aAA\n'\\q"`},
		"unicode text":            {program: "V\\u00fc\xfc\\\\u\n.", value: `"üü\\\\u"`},
		"text too long to keep":   {program: longText + strings.Repeat("x", 128<<10) + ".", value: "<131072 bytes>"},
		"bytearray":               {program: "\x80\x05\x96\x02\x00\x00\x00\x00\x00\x00\x00hi.", value: `b"hi"`},
		"list and append":         {program: "(K\x01lK\x02a.", value: "[1, 2]"},
		"later value for one key": {program: "}U\x01aK\x01sU\x01aK\x02s.", value: `{"a": 2}`},
		"dict from mark":          {program: "(U\x01aK\x01d.", value: `{"a": 1}`},
		"set":                     {program: "\x8f(K\x01K\x02\x90.", value: "set(1, 2)"},
		"frozenset":               {program: "(K\x01\x91.", value: "set(1)"},
		"pop a value":             {program: "K\x01K\x020.", value: "1"},
		"pop a mark":              {program: "K\x01(0.", value: "1"},
		"pop to a mark":           {program: "K\x01(K\x02K\x031.", value: "1"},
		"dup":                     {program: "K\x012\x86.", value: "(1, 1)"},
		"memo": {
			program: "K\x01q\x05K\x02r\x00\x01\x00\x000h\x05j\x00\x01\x00\x00\x87.", value: "(1, 1, 2)",
		},
		"memo as text":           {program: "K\x01p0\n0g0\n.", value: "1"},
		"memoize":                {program: "K\x01\x94K\x02\x9400h\x00h\x01\x86.", value: "(1, 2)"},
		"frame length is a hint": {program: "\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7fN.", value: "None"},
		"bytes after stop":       {program: "N.cos\nsystem\n", value: "None"},
		"global":                 {program: "ca\nb\n.", value: "b", asked: []string{"a.b"}},
		"stack global":           {program: "U\x01aU\x01b\x93.", value: "b", asked: []string{"a.b"}},
		"reduce":                 {program: "ca\nb\n(K\x01K\x02tR.", value: "<b2>", asked: []string{"a.b"}},
		"newobj":                 {program: "ca\nb\n)\x81.", value: "<b0>", asked: []string{"a.b"}},
		"newobj_ex":              {program: "ca\nb\n)}\x92.", value: "<b0>", asked: []string{"a.b"}},
		"inst":                   {program: "(K\x01ia\nb\n.", value: "<b1>", asked: []string{"a.b"}},
		"obj":                    {program: "(ca\nb\nK\x01o.", value: "<b1>", asked: []string{"a.b"}},
		"build":                  {program: "}Nb.", value: "{}", asked: []string{"build a dict"}},
		"persistent id":          {program: "K\x07Q.", value: "<storage>", asked: []string{"persistent 7"}},
		"persistent id as text":  {program: "Pkey\n.", value: "<storage>", asked: []string{`persistent "key"`}},
		"objects of unknown class": {
			program: "ca\nunknown\n)RK\x01a}U\x01aK\x01sb.", value: "<>", unsupported: "an unknown class",
			asked: []string{"a.unknown"},
		},
		"reads on after unknown": {
			program: "ca\nunknown\nN0ca\nb\n.", value: "b", unsupported: "an unknown class",
			asked: []string{"a.unknown", "a.b"},
		},
		"named arguments": {
			program: "ca\nb\n)}U\x01aK\x01s\x92.", value: "<>", unsupported: "named arguments", asked: []string{"a.b"},
		},
		"host says malformed": {
			program: "ca\nbroken\n.", value: "<>", malformed: "a broken class", asked: []string{"a.broken"},
		},

		"empty":            {program: "", value: "<>", malformed: "ends in the middle"},
		"no stop":          {program: "N", value: "<>", malformed: "ends in the middle"},
		"unknown opcode":   {program: "N\xff.", value: "<>", malformed: "unknown opcode 0xff"},
		"unknown protocol": {program: "\x80\x06N.", value: "None", malformed: "protocol 6"},
		"length of 2^62": {
			program: "\x8e\x00\x00\x00\x00\x00\x00\x00\x40N.", value: "<>", malformed: "4611686018427387904",
		},
		"length of 2^63": {
			program: "\x8d\x00\x00\x00\x00\x00\x00\x00\x80N.", value: "<>", malformed: "9223372036854775808",
		},
		"length of 3 GB":           {program: "X\x00\x00\x00\xc0.", value: "<>", malformed: "longer than the limit"},
		"length of 64 MB":          {program: "X\x00\x00\x00\x04.", value: "<>", malformed: "ends in the middle"},
		"negative long length":     {program: "\x8b\xff\xff\xff\xff.", value: "<>", malformed: "negative length"},
		"stop on an empty stack":   {program: ".", value: "<>", malformed: "stack is empty"},
		"underflow below a mark":   {program: "K\x01(\x85.", value: "(<>)", malformed: "stack is empty"},
		"no mark":                  {program: "t.", value: "()", malformed: "no mark"},
		"unset memo":               {program: "h\x05.", value: "<>", malformed: "memo entry 5"},
		"negative memo index":      {program: "Np-1\n.", value: "None", malformed: "no memo index"},
		"put without a value":      {program: "q\x00N.", value: "None", malformed: "stack is empty"},
		"key without a value":      {program: "}(U\x01au.", value: "{}", malformed: "key without a value"},
		"append to a number":       {program: "K\x01K\x02a.", value: "1", malformed: "append to an int"},
		"item of a list":           {program: "]K\x01K\x02s.", value: "[]", malformed: "store of an item in a list"},
		"add to a list":            {program: "](K\x01\x90.", value: "[]", malformed: "add to a list"},
		"extension code 1":         {program: "\x82\x01.", value: "<>", malformed: "extension code 1 "},
		"extension code 2":         {program: "\x83\x01\x01.", value: "<>", malformed: "extension code 257 "},
		"extension code 4":         {program: "\x84\x01\x00\x00\x00.", value: "<>", malformed: "extension code 1 "},
		"out of band buffer":       {program: "\x97.", value: "<>", malformed: "buffer outside"},
		"global of numbers":        {program: "K\x01K\x02\x93.", value: "<>", malformed: "two strings"},
		"global that is not UTF-8": {program: "c\xff\nb\n.", value: "<>", malformed: "UTF-8"},
		"text that is not UTF-8":   {program: "U\x01\xff.", value: "<a str that is not Unicode>", malformed: "UTF-8"},
		"half a surrogate pair":    {program: "X\x05\x00\x00\x00a\xed\xa0\x80b.", value: "<a str that is not Unicode>"},
		"less than half a pair":    {program: "U\x02\xed\xa0.", value: "<a str that is not Unicode>", malformed: "UTF-8"},
		"half a pair and worse":    {program: "U\x04\xed\xbf\xbf\xc0.", value: "<a str that is not Unicode>", malformed: "UTF-8"},
		"arguments that are no list": {
			program: "ca\nb\nK\x01R.", value: "<>", malformed: "not a tuple", asked: []string{"a.b"},
		},
		"object without a class":    {program: "(o.", value: "<>", malformed: "without a class"},
		"string without quotes":     {program: "Sabc\n.", value: "<>", malformed: "quotes"},
		"string of one quote":       {program: "S'\n.", value: "<>", malformed: "quotes"},
		"string with a bad escape":  {program: "S'\\x4'\n.", value: `""`, malformed: "cut short"},
		"unicode with a bad escape": {program: "V\\u12\n.", value: `""`, malformed: "cut short"},
		"number with letters":       {program: "I12x\n.", value: "<>", malformed: "no number"},
		"number of a thousand and more digits": {
			program: "L" + strings.Repeat("9", 5000) + "L\n.", value: "<>", malformed: "missing or too long",
		},
		"reads on after a fault": {
			program: "h\x09ca\nb\n.", value: "b", malformed: "memo entry 9", asked: []string{"a.b"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, host := run(t, test.program, pickle.Limits{})
			if got := dump(res.Value); got != test.value {
				t.Errorf("value is %s, want %s", got, test.value)
			}
			if !mentions(res.Malformed, test.malformed) {
				t.Errorf("malformed: %v, want %q", res.Malformed, test.malformed)
			}
			if !mentions(res.Unsupported, test.unsupported) {
				t.Errorf("unsupported: %v, want %q", res.Unsupported, test.unsupported)
			}
			if diff := cmp.Diff(test.asked, host.asked); diff != "" {
				t.Errorf("asked of the host (-want +got):\n%s", diff)
			}
		})
	}
}

// mentions reports whether an error contains a text, or is nil for an empty text.
func mentions(err error, text string) bool {
	if err == nil || text == "" {
		return err == nil && text == ""
	}
	return strings.Contains(err.Error(), text)
}

// TestFloods passes each limit and then names a global, which must still be seen.
func TestFloods(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		flood  string
		limits pickle.Limits
	}{
		"marks":   {strings.Repeat("(", 200_000), pickle.Limits{}},
		"stack":   {strings.Repeat("N", 2000), pickle.Limits{Stack: 1000}},
		"memory":  {strings.Repeat("]", 2000), pickle.Limits{Memory: 1000}},
		"memo":    {"N" + strings.Repeat("\x94", 2000), pickle.Limits{Memory: 1000}},
		"strings": {strings.Repeat("U\x04abcd", 2000), pickle.Limits{Memory: 1000}},
		"tuples":  {"N" + strings.Repeat("\x85", 2000), pickle.Limits{Memory: 1000}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, host := run(t, test.flood+"ca\nb\n.", test.limits)
			if !mentions(res.Malformed, "too m") {
				t.Errorf("malformed: %v", res.Malformed)
			}
			if diff := cmp.Diff([]string{"a.b"}, host.asked); diff != "" {
				t.Errorf("asked of the host (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSequence reads two pickles that follow each other in one reader, as in torch's legacy container.
func TestSequence(t *testing.T) {
	t.Parallel()
	r := bufio.NewReader(strings.NewReader("K\x01.K\x02.rest"))
	for _, want := range []string{"1", "2"} {
		res, err := pickle.Run(t.Context(), r, &recorder{}, pickle.Limits{})
		if err != nil || dump(res.Value) != want || res.Length != 3 {
			t.Fatalf("%v, %v, want %s", res, err, want)
		}
	}
	if rest, _ := io.ReadAll(r); string(rest) != "rest" {
		t.Errorf("left %q", rest)
	}
}

// TestOperations stops at the limit, even though a global would follow.
func TestOperations(t *testing.T) {
	t.Parallel()
	res, host := run(t, strings.Repeat("N0", 10)+"ca\nb\n.", pickle.Limits{Operations: 20})
	if !mentions(res.Malformed, "more than 20 operations") || host.asked != nil || res.Length != 20 {
		t.Errorf("%v after %d bytes, asked %v", res.Malformed, res.Length, host.asked)
	}
}

func TestReadError(t *testing.T) {
	t.Parallel()
	failed := errors.New("connection reset")
	_, err := pickle.Run(t.Context(), iotest.ErrReader(failed), &recorder{}, pickle.Limits{})
	if !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = pickle.Run(ctx, strings.NewReader("N."), &recorder{}, pickle.Limits{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestSpentArguments refuses a pickle that asks for the arguments of a call again: the machine has forgotten them.
func TestSpentArguments(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		program string
		want    string // part of the reason, or none
	}{
		"asked again":      {"cm\nf\n(K\x01X\x01\x00\x00\x00atq\x05Rh\x05.", ""},
		"last and again":   {"cm\nf\nq\x00(K\x01X\x01\x00\x00\x00atq\x01Rq\x02h\x01\x86.", "wanted again"},
		"id asked again":   {"(X\x01\x00\x00\x00atq\x00Qh\x00\x86.", "wanted again"},
		"not last, kept":   {"cm\nf\nq\x00(X\x01\x00\x00\x00aX\x01\x00\x00\x00btq\x01h\x00q\x020Rh\x01\x86.", ""},
		"doubled, kept":    {"cm\nf\n(X\x01\x00\x00\x00at2R.", ""},
		"result memoized":  {"cm\nf\nq\x00(X\x01\x00\x00\x00atq\x01Rq\x02h\x02\x86.", ""},
		"small, not spent": {"K\x01\x85q\x00h\x00\x86.", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, _ := run(t, test.program, pickle.Limits{})
			if res.Malformed != nil || (res.Unsupported == nil) != (test.want == "") {
				t.Fatalf("malformed %v, unsupported %v", res.Malformed, res.Unsupported)
			}
			if test.want != "" && !strings.Contains(res.Unsupported.Error(), test.want) {
				t.Errorf("%v, want %q", res.Unsupported, test.want)
			}
		})
	}
}

// TestIntegerTuples makes equal tuples of integers once, and others as often as they are written.
func TestIntegerTuples(t *testing.T) {
	t.Parallel()
	res, _ := run(t, "(K\x01K\x02\x86(K\x01K\x02tK\x01K\x02K\x03\x87(K\x05K\x06K\x07K\x08K\x09tK\x01\x88\x86)t.", pickle.Limits{})
	tuple, ok := res.Value.(*pickle.Tuple)
	if want := "((1, 2), (1, 2), (1, 2, 3), (5, 6, 7, 8, 9), (1, true), ())"; !ok || dump(res.Value) != want {
		t.Fatalf("%s, %v, want %s", dump(res.Value), res.Malformed, want)
	}
	if tuple.Items[0] != tuple.Items[1] {
		t.Error("equal tuples of integers are made twice")
	}
}

// TestDictTable stores and replaces many keys of a dict.
func TestDictTable(t *testing.T) {
	t.Parallel()
	d := &pickle.Dict{}
	for round := range 2 {
		for i := range 1000 {
			d.Set(strconv.Itoa(i), int64(i+round))
			d.Set(int64(i), "not a string")
		}
	}
	if len(d.Entries) != 3000 {
		t.Errorf("%d entries, want 1000 by name and 2000 others", len(d.Entries))
	}
	for i := range 1000 {
		if v, ok := d.Get(strconv.Itoa(i)); !ok || v != pickle.Value(int64(i+1)) {
			t.Errorf("%d: %v, %v", i, v, ok)
		}
	}
	if v, ok := d.Get("1000"); ok {
		t.Errorf("a key that was never stored has the value %v", v)
	}
}
