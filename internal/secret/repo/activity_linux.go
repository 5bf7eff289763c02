package repo

import (
	"bytes"
	"fmt"
	"os"
	"time"
)

// silenceLimit is how long a git may print nothing, use no processor and wait for no
// disk. macOS does not show the last two, so it is longer there.
const silenceLimit = 8 * time.Second

// activity is what a process has done so far.
type activity struct {
	pid   int
	ticks string
}

// hasProgressed reports whether the process did something since the last call.
func (w *activity) hasProgressed() bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", w.pid))
	if err != nil {
		return false
	}
	words := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(words) < 13 {
		return false
	}
	ticks := fmt.Sprintf("%s %s", words[11], words[12]) // user and kernel time
	before := w.ticks
	w.ticks = ticks
	return before != ticks || words[0][0] == 'R' || words[0][0] == 'D'
}
