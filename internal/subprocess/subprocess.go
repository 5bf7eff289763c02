// Package subprocess runs other people's programs: npm, pip, uv, agents, LiteLLM. Call
// Command and use what it returns as any exec.Cmd.
//
// It never runs a shell, and nothing that a program starts outlives its context.
package subprocess

import (
	"context"
	"os/exec"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/internal/process"
)

// outputTimeout bounds how long output is read after a program was killed.
const outputTimeout = 5 * time.Second

// Command does what exec.CommandContext does, with a process group of its own: when ctx
// ends, the program is killed together with everything that it started in its group.
func Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // callers run what they name
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return process.KillGroup(cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = outputTimeout
	return cmd
}

// Tail returns the last n bytes of what a program printed, for messages about its
// failure.
func Tail(output []byte, n int) string {
	if len(output) > n {
		output = output[len(output)-n:]
	}
	return string(output)
}
