//go:build failpoint

package tasks

import (
	"os"
	"syscall"
)

// failpoint kills this command when step is the one that FLOWGATE_FAILPOINT names, so that
// tests can see what an interruption leaves there. Only programs that are built with the tag
// failpoint do this.
func failpoint(step string) {
	if step == os.Getenv("FLOWGATE_FAILPOINT") {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}
