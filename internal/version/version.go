// Package version holds the version of FlowGate. It reads nothing until called.
package version

import (
	"runtime/debug"
	"strings"
)

// Number is the release that this tree is or becomes (semver, without a leading v).
const Number = "0.1.0"

// String returns Number and, where the build recorded it, the commit: "0.1.0+1a2b3c4d".
func String() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return Number
	}
	var commit, dirty string
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			commit = "+" + s.Value[:min(8, len(s.Value))]
		case "vcs.modified":
			if s.Value == "true" {
				dirty = ".dirty"
			}
		}
	}
	return strings.TrimSuffix(Number+commit+dirty, "+")
}
