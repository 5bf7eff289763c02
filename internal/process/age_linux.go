package process

import "time"

// Age is how long ago a process began by the machine's uptime, which no set of
// the clock moves, to a hundredth of a second; false where that is not known.
func (id Identity) Age() (time.Duration, bool) {
	if id.StartTime == 0 || id.BootID != bootID() {
		return 0, false
	}
	return max(0, Uptime()-time.Duration(id.StartTime)*tick), true
}
