package rule

import (
	"strconv"
	"strings"

	"github.com/hfbot/hfbot/bot/expr"
)

// StepView is a step of a match as explanations show it: what is known is expanded, the rest stays a template.
type StepView struct {
	ID   string         `json:"id,omitempty"`
	Uses string         `json:"uses"`
	With map[string]any `json:"with"`
	If   string         `json:"if,omitempty"`
}

// matched evaluates the keys of a match and shows its steps.
func (m *matcher) matched(r *Rule, out Outcome, in *expr.Input) Outcome {
	out.Reason = "all conditions hold"
	for _, k := range []struct {
		name string
		eval func() (string, error)
		to   *string
	}{
		{"once_per", func() (string, error) { return m.onceKey(r, in) }, &out.OnceKey},
		{"debounce.key", func() (string, error) { return m.key(r.keys.debounce, in) }, &out.DebounceKey},
		{"rate_limit.key", func() (string, error) { return m.key(r.keys.rate, in) }, &out.RateKey},
		{"concurrency.group", func() (string, error) { return m.groupKey(r, in) }, &out.GroupKey},
	} {
		v, err := k.eval()
		if err != nil {
			out.add(k.name, false, r.Line, "a value", "error: "+err.Error())
			return out.failed(err)
		}
		*k.to = v
	}
	for i := range r.Steps {
		out.Steps = append(out.Steps, m.view(&r.Steps[i], in))
	}
	return out
}

func (m *matcher) key(p *expr.Program, in *expr.Input) (string, error) {
	if p == nil {
		return "", nil
	}
	return p.Text(m.ctx, in)
}

func (m *matcher) groupKey(r *Rule, in *expr.Input) (string, error) {
	if r.keys.group == nil {
		return "", nil
	}
	return r.keys.group.Text(m.ctx, in)
}

// onceKey joins the values so that no two lists of values give the same key.
func (m *matcher) onceKey(r *Rule, in *expr.Input) (string, error) {
	values := make([]string, len(r.keys.once))
	for i, p := range r.keys.once {
		v, err := p.Text(m.ctx, in)
		if err != nil {
			return "", err
		}
		values[i] = v
	}
	if len(values) < 2 {
		return strings.Join(values, ""), nil
	}
	for i := range values {
		values[i] = strconv.Quote(values[i])
	}
	return strings.Join(values, " "), nil
}

func (m *matcher) view(s *Step, in *expr.Input) StepView {
	v := StepView{ID: s.ID, Uses: s.Uses, If: s.If, With: map[string]any{}}
	for name, value := range s.With {
		v.With[name] = m.show(value, s, in)
	}
	return v
}

// show expands the templates whose values are known already.
func (m *matcher) show(v any, s *Step, in *expr.Input) any {
	switch v := v.(type) {
	case string:
		if t := s.templates[v]; t != nil {
			if known, ok := t.Known(m.ctx, in); ok {
				return known
			}
		}
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = m.show(e, s, in)
		}
		return list
	case map[string]any:
		shown := make(map[string]any, len(v))
		for k, e := range v {
			shown[k] = m.show(e, s, in)
		}
		return shown
	}
	return v
}
