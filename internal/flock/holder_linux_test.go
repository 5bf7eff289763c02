package flock_test

import (
	"testing"

	"github.com/flowgate-go/flowgate/internal/flock"
)

// TestOnlyTheExclusiveLockOfTheFileNamesItsHolder has what other users may add to the table: locks of any inode on a
// file system of their own.
func TestOnlyTheExclusiveLockOfTheFileNamesItsHolder(t *testing.T) {
	t.Parallel()
	const ours = "1: FLOCK  ADVISORY  WRITE 41 08:01:77 0 EOF\n"
	for name, c := range map[string]struct {
		table  string
		pid    int
		isSure bool
	}{
		"the lock":                        {ours, 41, true},
		"after the same inode elsewhere":  {"1: FLOCK  ADVISORY  WRITE 66 00:2f:77 0 EOF\n" + ours, 41, true},
		"before the same inode elsewhere": {ours + "2: FLOCK  ADVISORY  WRITE 66 00:2f:77 0 EOF\n", 41, true},
		"a process that waits for it":     {ours + "1: -> FLOCK  ADVISORY  WRITE 66 08:01:77 0 EOF\n", 41, true},
		"another device only":             {"1: FLOCK  ADVISORY  WRITE 66 00:2f:77 0 EOF\n", 66, false},
		"two other devices": {"1: FLOCK  ADVISORY  WRITE 66 00:2f:77 0 EOF\n2: FLOCK  ADVISORY  WRITE 67 00:30:77 0 EOF\n" +
			"3: FLOCK  ADVISORY  WRITE 67 00:31:77 0 EOF\n", 0, false},
		"a longer inode":          {"1: FLOCK  ADVISORY  WRITE 66 08:01:177 0 EOF\n", 0, false},
		"a shared lock":           {"1: FLOCK  ADVISORY  READ 66 08:01:77 0 EOF\n", 0, false},
		"another kind of lock":    {"1: POSIX  ADVISORY  WRITE 66 08:01:77 0 EOF\n", 0, false},
		"another namespace":       {"1: FLOCK  ADVISORY  WRITE -1 08:01:77 0 EOF\n", 0, false},
		"one namespace elsewhere": {"1: FLOCK  ADVISORY  WRITE 0 00:2f:77 0 EOF\n2: FLOCK  ADVISORY  WRITE 67 00:30:77 0 EOF\n", 0, false},
		"a line that was cut":     {"1: FLOCK  ADVISORY  WRITE 41", 0, false},
		"nothing":                 {"", 0, false},
	} {
		if pid, isSure := flock.ParseHolder([]byte(c.table), "08:01", 77); pid != c.pid || isSure != c.isSure {
			t.Errorf("%s: %d, %v; want %d, %v", name, pid, isSure, c.pid, c.isSure)
		}
	}
}
