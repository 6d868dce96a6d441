package run

import (
	"context"
	"log/slog"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// riverLog writes what River logs, from warnings up, to zap.
type riverLog struct{ log *zap.Logger }

// Enabled implements slog.Handler.
func (riverLog) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }

// Handle implements slog.Handler.
func (h riverLog) Handle(_ context.Context, r slog.Record) error {
	level := zapcore.WarnLevel
	if r.Level >= slog.LevelError {
		level = zapcore.ErrorLevel
	}
	var fields []zap.Field
	r.Attrs(func(a slog.Attr) bool {
		fields = append(fields, zapAttr(a))
		return true
	})
	h.log.Log(level, r.Message, fields...)
	return nil
}

// WithAttrs implements slog.Handler.
func (h riverLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	for _, a := range attrs {
		h.log = h.log.With(zapAttr(a))
	}
	return h
}

// WithGroup implements slog.Handler. River uses no groups.
func (h riverLog) WithGroup(string) slog.Handler { return h }

func zapAttr(a slog.Attr) zap.Field { return zap.Any(a.Key, a.Value.Resolve().Any()) }
