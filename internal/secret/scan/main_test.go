package scan_test

import (
	"os"
	"testing"
)

// TestMain keeps the tests from the user's own folder of state.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "fg-state-")
	if err != nil {
		panic(err)
	}
	_ = os.Setenv("XDG_STATE_HOME", dir)
	status := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(status)
}
