package process

import (
	"github.com/flowgate-go/flowgate/internal/boottime"
	"time"
)

// Age returns how long ago the process began, by the time since boot and to a hundredth
// of a second; false where that is not known. It is never known on macOS, which records
// the start by the clock.
func (id Identity) Age() (time.Duration, bool) {
	if id.StartTime == 0 || id.BootID != boottime.ID() {
		return 0, false
	}
	return max(0, boottime.Uptime()-time.Duration(id.StartTime)*tick), true
}
