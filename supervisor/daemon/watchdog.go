package daemon

import "github.com/coreos/go-systemd/v22/daemon"

// notify tells the service manager that started this process, if one did and
// wants to hear (sd_notify(3)).
func notify(state string) { _, _ = daemon.SdNotify(false, state) }

// watchdog says that the supervisor is alive; the second that keep takes
// between two looks is far below every sensible WatchdogSec.
func (r *resident) watchdog() { notify(daemon.SdNotifyWatchdog) }
