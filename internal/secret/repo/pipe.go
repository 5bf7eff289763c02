package repo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"time"
)

// pipe runs a git command and gives what it prints to read. A git that neither
// prints nor works for the time silence is ended: it waits for something that
// will not come, such as a named pipe in the place of a .gitignore.
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
		cancel(err) // git still writes, and nothing reads it
	}
	if ended := cmd.Wait(); ended != nil {
		return commandError(ctx, args[0], ended, complaints.String())
	}
	return err
}

// hangMessage returns what is said of a git that was ended since it did nothing.
func hangMessage() string {
	return fmt.Sprintf("it printed nothing and did nothing for %v, and was ended: "+
		"is one of its files (.gitignore, .gitattributes, one that a setting of git names) a named pipe?", silenceLimit)
}

// watchedOutput is the output of a git. While a read of it waits, the git is looked at
// every now and then.
type watchedOutput struct {
	out   io.Reader
	timer *time.Timer
}

func watchOutput(cmd *exec.Cmd, out io.Reader, giveUp func()) *watchedOutput {
	w := &watchedOutput{out: out}
	work := activity{pid: cmd.Process.Pid}
	again := make(chan struct{}, 1)
	again <- struct{}{}
	w.timer = time.AfterFunc(time.Hour, func() {
		select {
		case <-again: // one call at a time
			defer func() { again <- struct{}{} }()
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

func (w *watchedOutput) Read(b []byte) (int, error) {
	w.timer.Reset(silenceLimit)
	defer w.timer.Stop()
	return w.out.Read(b)
}

func (w *watchedOutput) stop() { w.timer.Stop() }

// maxStderrBytes bounds what is kept of a git's complaints, in bytes.
const maxStderrBytes = 16 << 10

// headBuffer keeps the beginning of what is written to it.
type headBuffer struct{ bytes.Buffer }

func (h *headBuffer) Write(b []byte) (int, error) {
	if room := maxStderrBytes - h.Len(); room > 0 {
		_, _ = h.Buffer.Write(b[:min(room, len(b))]) // never fails
	}
	return len(b), nil
}
