package pickle_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/hfbot/hfbot/convert/pickle"
)

// recorder is a host that knows OrderedDict, set, frozenset and encode, refuses "unknown" and writes down what it was
// asked.
type recorder struct {
	asked []string
}

type function string

func (r *recorder) Global(module, name string) (pickle.Value, error) {
	r.asked = append(r.asked, module+"."+name)
	switch name {
	case "unknown":
		return nil, pickle.Unsupportedf("an unknown class")
	case "broken":
		return nil, fmt.Errorf("a broken class")
	}
	return function(name), nil
}

func (r *recorder) Call(callee pickle.Value, args []pickle.Value) (pickle.Value, error) {
	switch callee {
	case function("OrderedDict"):
		return &pickle.Dict{}, nil
	case function("set"), function("frozenset"):
		if len(args) == 1 {
			if list, ok := args[0].(*pickle.List); ok {
				return &pickle.Set{Items: list.Items}, nil
			}
		}
	case function("encode"):
		if len(args) == 2 {
			if text, ok := args[0].(string); ok {
				return pickle.Bytes(text), nil
			}
		}
	}
	return pickle.Opaque{What: fmt.Sprint(callee, len(args))}, nil
}

func (r *recorder) Build(object, _ pickle.Value) error {
	r.asked = append(r.asked, "build "+pickle.Kind(object))
	return nil
}

func (r *recorder) Persistent(id pickle.Value) (pickle.Value, error) {
	r.asked = append(r.asked, "persistent "+dump(id))
	return pickle.Opaque{What: "storage"}, nil
}

// run reads a pickle with a recorder and fails the test on an error of reading.
func run(tb testing.TB, program string, limits pickle.Limits) (*pickle.Result, *recorder) {
	tb.Helper()
	host := &recorder{}
	res, err := pickle.Run(context.Background(), strings.NewReader(program), host, limits)
	if err != nil {
		tb.Fatal(err)
	}
	return res, host
}

// dump writes a value in about Python's notation.
func dump(v pickle.Value) string {
	join := func(items []pickle.Value) string {
		var parts []string
		for _, item := range items {
			parts = append(parts, dump(item))
		}
		return strings.Join(parts, ", ")
	}
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("%q", v)
	case pickle.None:
		return "None"
	case pickle.Bytes:
		return fmt.Sprintf("b%q", []byte(v))
	case *pickle.Tuple:
		return "(" + join(v.Items) + ")"
	case *pickle.List:
		return "[" + join(v.Items) + "]"
	case *pickle.Set:
		return "set(" + join(v.Items) + ")"
	case *pickle.Dict:
		var parts []string
		for _, e := range v.Entries {
			parts = append(parts, dump(e.Key)+": "+dump(e.Value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case pickle.Opaque:
		return "<" + v.What + ">"
	case pickle.Long:
		return fmt.Sprintf("<%d bytes>", v.Length)
	}
	return fmt.Sprint(v)
}
