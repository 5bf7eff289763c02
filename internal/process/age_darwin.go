package process

import "time"

// Age returns how long ago the process began, by the time since boot and to a hundredth
// of a second; false where that is not known. It is never known on macOS, which records
// the start by the clock.
func (id Identity) Age() (time.Duration, bool) { return 0, false }
