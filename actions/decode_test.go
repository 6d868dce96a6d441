package actions

import (
	"context"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

// minimal is the least that sampleIn accepts, with more set.
func minimal(more map[string]any) map[string]any {
	with := map[string]any{"text": "t", "left": "l"}
	for name, value := range more {
		with[name] = value
	}
	return with
}

// decodeSample decodes inputs as a run does.
func decodeSample(t *testing.T, with map[string]any) (sampleIn, []InputError) {
	t.Helper()
	fields, err := fieldsOf(reflect.TypeFor[sampleIn]())
	if err != nil {
		t.Fatal(err)
	}
	d := decoder{action: "test.sample"}
	var in sampleIn
	d.inputs(reflect.ValueOf(&in).Elem(), fields, with)
	return in, d.errs
}

func TestDecodeDefaults(t *testing.T) {
	t.Parallel()
	got, errs := decodeSample(t, map[string]any{"text": "t", "right": "r", "count": nil})
	want := sampleIn{
		Text: "t", Right: "r",
		Choice: "red", Count: 3, Ratio: 0.5, Flag: true, Wait: time.Minute, Names: []string{"a"},
	}
	if errs != nil {
		t.Fatal(errs)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeValues(t *testing.T) {
	t.Parallel()
	type named string
	tests := []struct {
		name  string
		input string
		value any
		want  func(sampleIn) any
		is    any
	}{
		{"string", "text", "héllo", func(in sampleIn) any { return in.Text }, "héllo"},
		{"named string", "text", named("n"), func(in sampleIn) any { return in.Text }, "n"},
		{"enum", "choice", "green", func(in sampleIn) any { return in.Choice }, "green"},
		{"int", "count", 7, func(in sampleIn) any { return in.Count }, 7},
		{"int64", "count", int64(-7), func(in sampleIn) any { return in.Count }, -7},
		{"uint64", "count", uint64(7), func(in sampleIn) any { return in.Count }, 7},
		{"whole float as int", "count", 7.0, func(in sampleIn) any { return in.Count }, 7},
		{"least int8", "small", int64(-128), func(in sampleIn) any { return in.Small }, int8(-128)},
		{"greatest uint16", "natural", int64(65535), func(in sampleIn) any { return in.Natural }, uint16(65535)},
		{"float", "ratio", 1.25, func(in sampleIn) any { return in.Ratio }, 1.25},
		{"int as float", "ratio", int64(2), func(in sampleIn) any { return in.Ratio }, 2.0},
		{"uint as float", "ratio", uint64(2), func(in sampleIn) any { return in.Ratio }, 2.0},
		{"false beats the default", "flag", false, func(in sampleIn) any { return in.Flag }, false},
		{"zero beats the default", "count", int64(0), func(in sampleIn) any { return in.Count }, 0},
		{"duration", "wait", 90 * time.Second, func(in sampleIn) any { return in.Wait }, 90 * time.Second},
		{"duration as text", "wait", "1h30m", func(in sampleIn) any { return in.Wait }, 90 * time.Minute},
		{"list", "names", []any{"x", "y"}, func(in sampleIn) any { return in.Names }, []string{"x", "y"}},
		{"typed list", "names", []string{"x"}, func(in sampleIn) any { return in.Names }, []string{"x"}},
		{"empty list", "names", []any{}, func(in sampleIn) any { return in.Names }, []string{}},
		{"numbers", "numbers", []any{int64(1), 2.0}, func(in sampleIn) any { return in.Numbers }, []int{1, 2}},
		{"map", "labels", map[string]any{"a": "b"}, func(in sampleIn) any { return in.Labels }, map[string]string{"a": "b"}},
		{"YAML map", "labels", map[any]any{"a": ""}, func(in sampleIn) any { return in.Labels }, map[string]string{"a": ""}},
		{
			"anything", "value",
			map[string]any{"a": []any{int64(1), 2.5, nil, true, time.Second, uint8(4)}},
			func(in sampleIn) any { return in.Value },
			map[string]any{"a": []any{int64(1), 2.5, nil, true, "1s", int64(4)}},
		},
		{"time", "value", time.Unix(0, 0).UTC(), func(in sampleIn) any { return in.Value }, "1970-01-01T00:00:00Z"},
		{"embedded", "repo", "acme/tiny", func(in sampleIn) any { return in.Repo }, "acme/tiny"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			in, errs := decodeSample(t, minimal(map[string]any{test.input: test.value}))
			if errs != nil {
				t.Fatal(errs)
			}
			if diff := cmp.Diff(test.is, test.want(in)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	var deep any = "end"
	for range 40 {
		deep = []any{deep}
	}
	tests := []struct {
		name  string
		input string
		value any
		want  string // the message after the action's id
	}{
		{"number for text", "text", int64(7), ": text must be string, got int 7 (put it in quotes)"},
		{"bool for text", "text", true, ": text must be string, got bool true (put it in quotes)"},
		{"secret for text", "text", hub.Secret("hush"), ": text must be string, got string"},
		{"list for text", "text", []any{"a"}, ": text must be string, got list"},
		{"enum", "choice", "blue", `: choice must be one of red, green, got string "blue"`},
		{"enum in a list", "colours", []any{"red", "blue"}, `: colours[1] must be one of red, green, got string "blue"`},
		{"text for int", "count", "7", `: count must be int, got string "7"`},
		{"long text is not repeated", "count", strings.Repeat("7", 1000), ": count must be int, got string"},
		{"fraction for int", "count", 7.5, ": count must be int, got float 7.5"},
		{"huge float for int", "count", 1e300, ": count must be int, got float 1e+300"},
		{"NaN for int", "count", math.NaN(), ": count must be int, got float NaN"},
		{"infinity for int", "count", math.Inf(1), ": count must be int, got float +Inf"},
		{"uint64 beyond int64", "count", uint64(math.MaxUint64), ": count: 18446744073709551615 is too large"},
		{"duration for int", "count", time.Second, ": count must be int, got duration 1s"},
		{"int8 overflow", "small", int64(128), ": small: 128 is out of range"},
		{"negative for uint", "natural", int64(-1), ": natural: -1 is out of range"},
		{"NaN", "ratio", math.NaN(), ": ratio: NaN is not a finite number in range"},
		{"infinity", "ratio", math.Inf(-1), ": ratio: -Inf is not a finite number in range"},
		{"text for float", "ratio", "0.5", `: ratio must be float, got string "0.5"`},
		{"duration for float", "ratio", time.Second, ": ratio must be float, got duration 1s"},
		{"text for bool", "flag", "yes", `: flag must be bool, got string "yes"`},
		{"number for duration", "wait", int64(60), ": wait must be duration, got int 60"},
		{"bad duration", "wait", "soon", `: wait must be a duration such as "90s" or "1h30m", got string "soon"`},
		{"text for list", "names", "a", `: names must be list of string, got string "a"`},
		{"number in list", "names", []any{"a", int64(1)}, ": names[1] must be string, got int 1 (put it in quotes)"},
		{"null in list", "names", []any{nil}, ": names[0] must be string, got null"},
		{"list for map", "labels", []any{}, ": labels must be map of string, got list"},
		{"number in map", "labels", map[string]any{"a": 1.5}, ": labels.a must be string, got float 1.5 (put it in quotes)"},
		{"keys that are no text", "labels", map[any]any{1: "a"}, ": labels must be map of string, got map"},
		{"NaN inside any", "value", []any{math.NaN()}, ": value[0]: float NaN cannot be written as JSON"},
		{"secret inside any", "value", hub.Secret("hush"), ": value: string cannot be written as JSON"},
		{"a channel", "value", make(chan int), ": value: chan int cannot be written as JSON"},
		{"too deep", "value", deep, ": value is nested deeper than 32 levels"},
		{"template", "text", Template{}, ": text is a template that was not expanded"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, got := decodeSample(t, minimal(map[string]any{test.input: test.value}))
			want := []InputError{{Input: test.input, Message: "test.sample" + test.want}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeNames(t *testing.T) {
	t.Parallel()
	_, got := decodeSample(t, map[string]any{"txt": "t", "zzz": 1, "left": "l", "right": "r"})
	all := "text, choice, count, small, natural, ratio, flag, wait, names, numbers, colours, labels, value, " +
		"left, right, repo, repo_type"
	want := []InputError{
		{"text", `test.sample: input "text" is required: some text`},
		{"txt", `test.sample has no input "txt"; inputs: ` + all + ` (did you mean "text"?)`},
		{"zzz", `test.sample has no input "zzz"; inputs: ` + all},
		{"", "test.sample: give exactly one of left and right"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzDecode(f *testing.F) {
	e := newSample(func(context.Context, *Runtime, sampleIn) (sampleOut, error) { return sampleOut{}, nil })
	f.Add("text", "x", int64(1), 1.5, uint8(0))
	f.Add("count", "", int64(math.MaxInt64), math.NaN(), uint8(1))
	f.Add("value", "\xff", int64(math.MinInt64), math.Inf(1), uint8(2))
	f.Add("labels", "k", int64(0), math.SmallestNonzeroFloat64, uint8(3))
	f.Fuzz(func(t *testing.T, input, text string, n int64, x float64, shape uint8) {
		values := []any{text, n, x, uint64(n), time.Duration(n), nil, Template{Type: text}}
		value := values[int(shape)%len(values)]
		switch shape / 64 {
		case 1:
			value = []any{value, text, n}
		case 2:
			value = map[string]any{text: value, "x": x}
		case 3:
			value = map[any]any{value: []any{value}}
		}
		with := minimal(map[string]any{input: value})
		checked := e.Check(with)
		rt := &Runtime{Secrets: map[string]hub.Secret{"token": "s3cret"}}
		_, err := e.Run(t.Context(), rt, with)
		if checked != nil && err == nil {
			t.Errorf("Check refuses what Run takes: %v", checked)
		}
		if err != nil && !IsPermanent(err) {
			t.Errorf("wrong inputs are not permanent: %v", err)
		}
	})
}
