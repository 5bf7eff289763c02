package repo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"time"
)

// pipe runs a git command and calls read with its output. It kills a git that neither
// prints nor works for silenceLimit: such a git waits for something that will not come,
// such as a named pipe in the place of a .gitignore.
func (r *Repo) pipe(ctx context.Context, in io.Reader, args []string, read func(stdout io.Reader) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	cmd := r.command(ctx, args...)
	complaints := &headBuffer{}
	cmd.Stdin, cmd.Stderr = in, complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run git: %w", err)
	}
	w := watchOutput(cmd, out, func() { cancel(&Error{Command: args[0], Status: -1, Stderr: hangMessage()}) })
	err = read(w)
	w.stop()
	if err != nil && ctx.Err() == nil {
		cancel(err) // git still writes, and its output is not read any more
	}
	if waitErr := cmd.Wait(); waitErr != nil {
		return commandError(ctx, args[0], waitErr, complaints.String())
	}
	return err
}

// hangMessage returns the message about a git that was killed because it did nothing.
func hangMessage() string {
	return fmt.Sprintf("it printed nothing and did nothing for %v, and was ended: "+
		"is one of its files (.gitignore, .gitattributes, one that a setting of git names) a named pipe?", silenceLimit)
}

// watchedOutput is the output of a git command. While a read waits, the command's
// activity is checked every silenceLimit.
type watchedOutput struct {
	out   io.Reader
	timer *time.Timer
}

// watchOutput returns the output of cmd, which calls giveUp when the command does
// nothing.
func watchOutput(cmd *exec.Cmd, out io.Reader, giveUp func()) *watchedOutput {
	w := &watchedOutput{out: out}
	work := activity{pid: cmd.Process.Pid}
	turn := make(chan struct{}, 1)
	turn <- struct{}{}
	w.timer = time.AfterFunc(time.Hour, func() {
		select {
		case <-turn: // one call at a time
			defer func() { turn <- struct{}{} }()
		default:
			return
		}
		if work.hasProgressed() {
			w.timer.Reset(silenceLimit)
			return
		}
		giveUp()
	})
	w.timer.Stop()
	return w
}

// Read implements io.Reader.
func (w *watchedOutput) Read(b []byte) (int, error) {
	w.timer.Reset(silenceLimit)
	defer w.timer.Stop()
	return w.out.Read(b)
}

// stop ends the checks.
func (w *watchedOutput) stop() { w.timer.Stop() }

// maxStderrBytes bounds how much of a command's standard error is kept.
const maxStderrBytes = 16 << 10

// headBuffer keeps the beginning of what is written to it.
type headBuffer struct{ bytes.Buffer }

// Write implements io.Writer.
func (h *headBuffer) Write(b []byte) (int, error) {
	if room := maxStderrBytes - h.Len(); room > 0 {
		_, _ = h.Buffer.Write(b[:min(room, len(b))]) // never fails
	}
	return len(b), nil
}
