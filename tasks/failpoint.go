//go:build failpoint

package tasks

import (
	"os"
	"syscall"
)

// failpoint kills this command at the step that FLOWGATE_FAILPOINT names: the
// tests' way to find out what an interruption there leaves. Only programs that
// are built with the tag failpoint have it.
func failpoint(step string) {
	if step == os.Getenv("FLOWGATE_FAILPOINT") {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}
