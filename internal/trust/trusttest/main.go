// Package trusttest keeps the tests of a package from the records of trust and
// the key in the developer's own state folder. Its own test fails when a package
// whose tests can reach package trust does not call Run.
package trusttest

import (
	"os"
	"testing"
)

// Run gives the tests of a package a state folder of their own, for them and the
// processes that they start, runs them and returns their exit status. A package
// without other preparations calls it so:
//
//	func TestMain(m *testing.M) { os.Exit(trusttest.Run(m)) }
func Run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "fg-state-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Setenv("XDG_STATE_HOME", dir); err != nil {
		panic(err)
	}
	return m.Run()
}
