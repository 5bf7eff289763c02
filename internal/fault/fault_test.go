package fault_test

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/flowgate-go/flowgate/internal/fault"
)

func TestTheOutermostMessageIsTheOnePeopleRead(t *testing.T) {
	t.Parallel()
	inner := fault.Usage("profile-unknown", "unknown profile %q", "x").WithHint("known: y")
	f := fault.From(fmt.Errorf("set profile: %w", inner))
	if f.Code != "profile-unknown" || f.Exit != fault.ExitUsage || f.Hint != "known: y" ||
		f.Message != `set profile: unknown profile "x"` {
		t.Fatalf("%+v", f)
	}
	if inner.Message != `unknown profile "x"` {
		t.Fatal("the inner fault was changed")
	}
}

func TestAnErrorWithoutAFaultIsInternal(t *testing.T) {
	t.Parallel()
	if f := fault.From(errors.New("boom")); f.Code != "internal" || f.Exit != fault.ExitFailed {
		t.Fatalf("%+v", f)
	}
	if fault.From(nil) != nil {
		t.Fatal("nil is no fault")
	}
}

func TestAFaultKeepsItsCause(t *testing.T) {
	t.Parallel()
	if err := error(fault.New("config-unreadable", "read: %w", fs.ErrPermission)); !errors.Is(err, fs.ErrPermission) {
		t.Fatal("the cause is lost")
	}
}
