package fault_test

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"testing"

	"github.com/flowgate-go/flowgate/internal/fault"
)

func TestARequestsErrorLosesItsAddress(t *testing.T) {
	t.Parallel()
	failed := fmt.Errorf("ask: %w", &url.Error{Op: "Get", URL: "https://example.com/?code=secret", Err: io.EOF})
	if got := fault.WithoutURL(failed); got != io.EOF { //nolint:errorlint // the cause itself, not what wraps it
		t.Errorf("got %v", got)
	}
	if other := errors.New("other"); !errors.Is(fault.WithoutURL(other), other) || fault.WithoutURL(nil) != nil {
		t.Error("another error changed")
	}
}
