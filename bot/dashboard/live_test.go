package dashboard

import (
	"context"
	"testing"

	"go.uber.org/zap"
)

// Only so many pages are kept up to date at a time; who leaves makes room.
func TestOpenPagesAreBounded(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	f := newFeed(ctx, zap.NewNop())
	f.most = 2
	b := func(context.Context) (*page, error) { return &page{}, nil }
	first, second := f.subscribe("/a", "", b), f.subscribe("/b", "", b)
	if first == nil || second == nil {
		t.Fatal("two pages are not kept up to date")
	}
	if f.subscribe("/a", "", b) != nil {
		t.Error("a third page is")
	}
	first.leave()
	third := f.subscribe("/a", "", b)
	if third == nil {
		t.Error("who left made no room")
	}
	third.leave()
	second.leave()
	stop()
	f.wait()
}
