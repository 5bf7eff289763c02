package repo

import "time"

// silenceLimit is how long a git may print nothing, use no processor and wait for no
// disk. macOS does not show the last two, so it is longer there.
const silenceLimit = 2 * time.Minute

// activity is what a process has done so far.
type activity struct{ pid int }

// hasProgressed returns false: macOS does not show whether the process did something.
func (*activity) hasProgressed() bool { return false }
