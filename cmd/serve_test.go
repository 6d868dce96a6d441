package cmd

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestLogEnd(t *testing.T) {
	t.Parallel()
	broken := errors.New("the listener broke")
	for _, tc := range []struct {
		name string
		work func(ctx context.Context, end func()) error
		want []string
	}{
		{"told to end", func(ctx context.Context, end func()) error {
			end()
			<-ctx.Done()
			return nil
		}, []string{"stopping: nothing more is received, and steps under way may end first; a second signal ends the bot at once", "stopped"}},
		{"by itself", func(context.Context, func()) error { return broken }, []string{"stopped"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			core, logged := observer.New(zap.InfoLevel)
			ctx, end := context.WithCancel(t.Context())
			defer end()
			err := logEnd(ctx, func(ctx context.Context) error { return tc.work(ctx, end) }, zap.New(core))
			if err != nil && !errors.Is(err, broken) {
				t.Error(err)
			}
			var lines []string
			for _, e := range logged.All() {
				lines = append(lines, e.Message)
			}
			if diff := cmp.Diff(tc.want, lines); diff != "" {
				t.Error(diff)
			}
		})
	}
}
