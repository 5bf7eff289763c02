package clientkey_test

import (
	"testing"

	"github.com/flowgate-go/flowgate/internal/flock"
)

// lock takes the lock of a file. The returned function gives it back.
func lock(t *testing.T, path string) (release func()) {
	t.Helper()
	f, err := flock.Take(t.Context(), path, 0)
	if err != nil {
		t.Fatal(err)
	}
	return func() { _ = f.Close() }
}
