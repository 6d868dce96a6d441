package builtin

import (
	"strings"
	"testing"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/actions/actionstest"
	"github.com/hfbot/hfbot/convert"
)

func TestIndexDisagrees(t *testing.T) {
	t.Parallel()
	shard := func(source string, aliases map[string]string, names ...string) converted {
		plan := &convert.Plan{Aliases: aliases}
		for _, name := range names {
			plan.Tensors = append(plan.Tensors, convert.Tensor{Name: name})
		}
		return converted{Source: "sub/" + source, Plan: plan}
	}
	one := shard("1.bin", map[string]string{"alias": "a"}, "a")
	two := shard("2.bin", nil, "b")
	tests := []struct {
		name   string
		index  map[string]string
		shards []converted
		want   string
	}{
		{"agrees", map[string]string{"a": "1.bin", "alias": "1.bin", "b": "2.bin"}, []converted{one, two}, ""},
		{
			"wrong file",
			map[string]string{"a": "2.bin", "alias": "1.bin", "b": "2.bin"},
			[]converted{one, two},
			`that "a" is in "2.bin"`,
		},
		{"unknown name", map[string]string{"z": "1.bin"}, []converted{one}, `that "z" is in "1.bin"`},
		{"path", map[string]string{"a": "../1.bin"}, []converted{one}, `that "a" is in "../1.bin"`},
		{"too few", map[string]string{"a": "1.bin"}, []converted{one, two}, "it names 1 tensors, the files hold 3"},
		{"twice", nil, []converted{two, shard("3.bin", nil, "b")}, `tensor "b" is in 2.bin and 3.bin`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := shardIndex{WeightMap: test.index}.disagrees(test.shards)
			if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestConvertRefusesShardedGroupsWhole(t *testing.T) {
	t.Parallel()
	const one, two = "pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"
	tests := []struct {
		name, second, index, want string
	}{
		{"a bad shard", "<html>", "{}", two + ": not_torch: "},
		{"a bad index", checkpoint(t, two), "no JSON", "pytorch_model.bin.index.json: malformed: "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h, _, event := withModel(t, map[string]string{
				one: checkpoint(t, one), two: test.second, "pytorch_model.bin.index.json": test.index,
			})
			_, err := h.Run(t, actionstest.Step{Uses: "model.convert", Event: event})
			if !actions.IsPermanent(err) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want a permanent one with %q", err, test.want)
			}
		})
	}
}
