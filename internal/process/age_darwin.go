package process

import "time"

// Age is not known: macOS notes by the clock when a process began.
func (id Identity) Age() (time.Duration, bool) { return 0, false }
