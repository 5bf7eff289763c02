package process

import (
	"bytes"
	"os"
	"strconv"
)

// EnvironNames returns the names of the environment variables that a process was
// executed with, never their values; false when they cannot be seen, as on macOS.
func EnvironNames(pid int) (names map[string]bool, known bool) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil || len(text) == 0 {
		return nil, false
	}
	names = map[string]bool{}
	for entry := range bytes.SplitSeq(text, []byte{0}) {
		if name, _, ok := bytes.Cut(entry, []byte("=")); ok {
			names[string(name)] = true
		}
	}
	return names, true
}
