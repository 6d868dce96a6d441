package convert

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hfbot/hfbot/convert/pickle"
	"github.com/hfbot/hfbot/convert/torchfile"
)

// stateKeys are the entries under which trainers keep the weights in a checkpoint that also holds other things.
var stateKeys = []string{
	"state_dict", "model_state_dict", "model", "module", "params_ema", "params", "net", "weights",
}

// named is a tensor under one of its names.
type named struct {
	name   string
	tensor *torchfile.Tensor
}

// state is the dict of tensors that was chosen.
type state struct {
	key     string
	tensors []named
	dropped []string
}

func refuse(v Verdict, format string, args ...any) *Refusal {
	return &Refusal{Verdict: v, Reason: fmt.Sprintf(format, args...)}
}

// selectState finds the dict of tensors: under the key if one is given, else at the top or under one well-known entry.
func selectState(root pickle.Value, key string) (*state, *Refusal) {
	top, ok := root.(*pickle.Dict)
	if !ok {
		return nil, refuse(Unsupported, "the checkpoint is %s and not a dict of tensors", pickle.Kind(root))
	}
	if key == "" {
		var refusal *Refusal
		if key, refusal = findKey(top); refusal != nil {
			return nil, refusal
		}
	}
	chosen, path := top, ""
	if key != "" {
		if chosen, path = descend(top, key); chosen == nil {
			return nil, refuse(Unsupported, "the checkpoint has no dict under key %q; its entries are %s",
				key, listEntries(top))
		}
	}
	s := &state{key: key}
	if refusal := s.take(chosen, path); refusal != nil {
		return nil, refusal
	}
	if chosen != top {
		first, _, _ := strings.Cut(key, ".")
		for _, e := range top.Entries {
			if name := entryName(e.Key); name != key && name != first {
				s.dropped = append(s.dropped, name)
			}
		}
	}
	return s, nil
}

// findKey looks where the tensors are. It answers the empty key for the top.
func findKey(top *pickle.Dict) (string, *Refusal) {
	var found []string
	if hasTensors(top) {
		found = append(found, "")
	}
	for _, key := range stateKeys {
		v, _ := top.Get(key)
		if d, ok := v.(*pickle.Dict); ok && hasTensors(d) {
			found = append(found, key)
		}
	}
	switch len(found) {
	case 0:
		if slices.ContainsFunc(top.Entries, func(e pickle.Entry) bool { return torchfile.Foreign(e.Value) }) {
			return "", nil // which is refused by its name
		}
		return "", refuse(Unsupported, "no tensors at the top or under a well-known entry; if they are under another "+
			"one, give its name as key; the entries are %s", listEntries(top))
	case 1:
		return found[0], nil
	}
	if found[0] == "" {
		found[0] = "the top"
	}
	return "", refuse(Unsupported, "tensors are in several places (%s); say which to take by key",
		strings.Join(found, ", "))
}

func hasTensors(d *pickle.Dict) bool {
	for _, e := range d.Entries {
		if _, ok := e.Value.(*torchfile.Tensor); ok {
			return true
		}
	}
	return false
}

// descend follows a key: as the name of an entry, else as names joined by dots. "." is the top itself.
func descend(d *pickle.Dict, key string) (*pickle.Dict, string) {
	if key == "." {
		return d, ""
	}
	if v, ok := d.Get(key); ok {
		sub, _ := v.(*pickle.Dict)
		return sub, key + "."
	}
	for i := range len(key) {
		if key[i] != '.' {
			continue
		}
		if v, ok := d.Get(key[:i]); ok {
			if sub, ok := v.(*pickle.Dict); ok {
				if found, path := descend(sub, key[i+1:]); found != nil {
					return found, key[:i+1] + path
				}
			}
		}
	}
	return nil, ""
}

// take sorts the entries of the chosen dict into tensors and others.
func (s *state) take(d *pickle.Dict, path string) *Refusal {
	s.tensors = make([]named, 0, len(d.Entries))
	for _, e := range d.Entries {
		tensor, ok := e.Value.(*torchfile.Tensor)
		if !ok {
			if torchfile.Foreign(e.Value) {
				return refuse(Unsupported, "entry %.200q is %s, which is not read", entryName(e.Key), pickle.Kind(e.Value))
			}
			s.dropped = append(s.dropped, path+entryName(e.Key))
			continue
		}
		name, ok := e.Key.(string)
		if !ok {
			return refuse(Unsupported, "a tensor is stored under %s and not under a name", pickle.Kind(e.Key))
		}
		if tensor.DType.Safetensors == "" {
			return refuse(Unsupported, "tensor %.200q is of type %s, which safetensors does not have",
				name, tensor.DType.Name)
		}
		s.tensors = append(s.tensors, named{name, tensor})
	}
	if len(s.tensors) == 0 {
		return refuse(Unsupported, "no tensors under the key taken")
	}
	return nil
}

func entryName(key pickle.Value) string {
	switch k := key.(type) {
	case string:
		return k
	case int64:
		return fmt.Sprint(k)
	}
	return pickle.Kind(key)
}

// listEntries names the first entries of a dict for a message.
func listEntries(d *pickle.Dict) string {
	const most = 12
	var names []string
	for _, e := range d.Entries[:min(most, len(d.Entries))] {
		names = append(names, fmt.Sprintf("%.60q", entryName(e.Key)))
	}
	if len(d.Entries) > most {
		names = append(names, fmt.Sprintf("and %d more", len(d.Entries)-most))
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
