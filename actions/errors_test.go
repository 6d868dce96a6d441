package actions

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestErrorMarks(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	permanent := fmt.Errorf("outer: %w", Permanent(fmt.Errorf("inner: %w", cause)))
	if !IsPermanent(permanent) || !errors.Is(permanent, cause) || permanent.Error() != "outer: inner: cause" {
		t.Errorf("permanent: %v", permanent)
	}
	if err := Permanentf("file %s: %w", "a", cause); !IsPermanent(err) || !errors.Is(err, cause) {
		t.Errorf("Permanentf: %v", err)
	}
	later := fmt.Errorf("outer: %w", RetryAfter(time.Minute, cause))
	if d, ok := RetryDelay(later); !ok || d != time.Minute || !errors.Is(later, cause) || IsPermanent(later) {
		t.Errorf("retry after %v, %v: %v", d, ok, later)
	}
	if d, ok := RetryDelay(cause); ok || d != 0 || IsPermanent(cause) {
		t.Error("an unmarked error is marked")
	}
	if Permanent(nil) != nil || RetryAfter(time.Second, nil) != nil {
		t.Error("nil became an error")
	}
}
