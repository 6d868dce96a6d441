package run

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/hfbot/hfbot/hub"
)

// secretsOf reads the secrets of a step from the environment. One that is not set is an error: to go on without it
// would only fail later and less clearly.
func (e *Engine) secretsOf(variables map[string]string) (map[string]hub.Secret, error) {
	secrets := make(map[string]hub.Secret, len(variables))
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		value, ok := e.opts.LookupEnv(variables[name])
		if !ok || value == "" {
			return nil, fmt.Errorf("secret %s: the environment variable %s is not set", name, variables[name])
		}
		secrets[name] = hub.Secret(value)
	}
	return secrets, nil
}

// mask replaces the text of secrets by hub.Redacted, in the forms in which it commonly appears. It has no effect on
// what an action works with, only on what is kept and shown.
type mask struct{ replacer *strings.Replacer }

// authorization is a value of the header Authorization with one of the common schemes.
var authorization = regexp.MustCompile(`(?i)^(bearer|basic|token) \S+$`)

// newMask makes the mask of some secrets. Longer ones go first, so that one which contains another is masked whole.
func newMask(secrets map[string]hub.Secret) mask {
	var texts []string
	for _, s := range secrets {
		text := s.Reveal()
		// A value for the header Authorization has its scheme before it; a service may repeat what follows alone.
		_, credentials, _ := strings.Cut(text, " ")
		if !authorization.MatchString(text) {
			credentials = ""
		}
		for _, text := range []string{text, credentials} {
			if text != "" {
				texts = append(texts, text, url.QueryEscape(text), base64.StdEncoding.EncodeToString([]byte(text)))
			}
		}
	}
	slices.SortFunc(texts, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, text := range texts {
		pairs = append(pairs, text, hub.Redacted)
	}
	return mask{strings.NewReplacer(pairs...)}
}

func (m mask) text(s string) string { return m.replacer.Replace(s) }

// object returns a masked copy of a JSON object.
func (m mask) object(o map[string]any) map[string]any {
	if o == nil {
		return nil
	}
	masked := make(map[string]any, len(o))
	for k, v := range o {
		masked[m.text(k)] = m.value(v)
	}
	return masked
}

func (m mask) value(v any) any {
	switch v := v.(type) {
	case string:
		return m.text(v)
	case map[string]any:
		return m.object(v)
	case []any:
		masked := make([]any, len(v))
		for i := range v {
			masked[i] = m.value(v[i])
		}
		return masked
	case []string:
		masked := make([]any, len(v))
		for i := range v {
			masked[i] = m.text(v[i])
		}
		return masked
	}
	return v
}

// log is a logger whose messages and fields are masked.
func (m mask) log(l *zap.Logger) *zap.Logger {
	return l.WithOptions(zap.WrapCore(func(c zapcore.Core) zapcore.Core { return maskedCore{c, m} }))
}

// maskedCore masks what passes through it.
type maskedCore struct {
	zapcore.Core
	mask mask
}

// With implements zapcore.Core.
func (c maskedCore) With(fields []zapcore.Field) zapcore.Core {
	return maskedCore{c.Core.With(c.fields(fields)), c.mask}
}

// Check implements zapcore.Core.
func (c maskedCore) Check(e zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return checked.AddCore(e, c)
	}
	return checked
}

// Write implements zapcore.Core.
func (c maskedCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	e.Message = c.mask.text(e.Message)
	return c.Core.Write(e, c.fields(fields))
}

// fields masks each field in the form in which it would be written.
func (c maskedCore) fields(fields []zapcore.Field) []zapcore.Field {
	masked := make([]zapcore.Field, 0, len(fields))
	for _, f := range fields {
		if f.Type == zapcore.NamespaceType {
			masked = append(masked, f)
			continue
		}
		plain := zapcore.NewMapObjectEncoder()
		f.AddTo(plain)
		for _, key := range slices.Sorted(maps.Keys(plain.Fields)) {
			masked = append(masked, zap.Any(key, c.shown(plain.Fields[key])))
		}
	}
	return masked
}

// shown masks a value that a logger will write; of a type it cannot look into it masks the printed form.
func (c maskedCore) shown(v any) any {
	switch v.(type) {
	case string, map[string]any, []any, []string:
		return c.mask.value(v)
	}
	if text := fmt.Sprint(v); c.mask.text(text) != text {
		return c.mask.text(text)
	}
	return v
}
