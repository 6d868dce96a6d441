package torchfile

import "testing"

func TestDangerous(t *testing.T) {
	t.Parallel()
	tests := []struct {
		module, name string
		want         bool
	}{
		{"os", "system", true},
		{"posix", "system", true},
		{"nt", "system", true},
		{"os.path", "join", true},
		{"subprocess", "Popen", true},
		{"builtins", "eval", true},
		{"__builtin__", "eval", true},
		{"builtins", "getattr", true},
		{"itertools", "imap", true},
		{"__builtin__", "reduce", true},
		{"__builtin__", "intern", true},
		{"commands", "getoutput", true},
		{"thread", "start_new_thread", true},
		{"__builtin__", "long", false},
		{"builtins", "eval.__call__", true},
		{"importlib", "import_module", true},
		{"importlib.util", "find_spec", true},
		{"cPickle", "loads", true},
		{"torch.hub", "load", true},
		{"torch.hub", "_private", true},
		{"torch", "load", true},
		{"torch.storage", "_load_from_bytes", true},
		{"torch", "os.system", true},
		{"torch", "serialization.os.system", true},
		{"functools", "partial", true},
		{"operator", "attrgetter", true},

		{"torch._dynamo.decorators", "_DimRange.os.system", true},
		{"torch._dynamo.decorators", "other", true},

		{"torch._dynamo.decorators", "_DimRange", false},
		{"torch", "FloatStorage", false},
		{"torch._utils", "_rebuild_tensor_v2", false},
		{"torch._utils", "_os.system__x", false},
		{"torch.distributed._tensor", "DTensor", false},
		{"collections", "OrderedDict", false},
		{"builtins", "set", false},
		{"osmosis", "system", false},
		{"my.os", "system", false},
		{"", "", false},
		{".", ".", false},
	}
	for _, test := range tests {
		if got := dangerous(test.module, test.name); got != test.want {
			t.Errorf("%s.%s: %v", test.module, test.name, got)
		}
	}
}

// TestAllowedIsNotDangerous guards against a name on both lists, by which no checkpoint with it could be read.
func TestAllowedIsNotDangerous(t *testing.T) {
	t.Parallel()
	for name := range allowed {
		for i := len(name) - 1; i > 0; i-- {
			if name[i] == '.' {
				if dangerous(name[:i], name[i+1:]) {
					t.Errorf("%s is allowed and dangerous", name)
				}
				break
			}
		}
	}
}
