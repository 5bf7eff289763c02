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
	complaints := &head{}
	cmd.Stdin, cmd.Stderr = in, complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run git: %w", err)
	}
	w := watch(cmd, out, func() { cancel(&Error{Command: args[0], Status: -1, Says: sayItHung()}) })
	err = read(w)
	w.stop()
	if err != nil && ctx.Err() == nil {
		cancel(err) // git still writes, and nothing reads it
	}
	if ended := cmd.Wait(); ended != nil {
		return complaint(ctx, args[0], ended, complaints.String())
	}
	return err
}

// sayItHung returns what is said of a git that was ended since it did nothing.
func sayItHung() string {
	return fmt.Sprintf("it printed nothing and did nothing for %v, and was ended: "+
		"is one of its files (.gitignore, .gitattributes, one that a setting of git names) a named pipe?", silence)
}

// watched is the output of a git. While a read of it waits, the git is looked at
// every now and then.
type watched struct {
	out   io.Reader
	timer *time.Timer
}

func watch(cmd *exec.Cmd, out io.Reader, giveUp func()) *watched {
	w := &watched{out: out}
	work := work{pid: cmd.Process.Pid}
	again := make(chan struct{}, 1)
	again <- struct{}{}
	w.timer = time.AfterFunc(time.Hour, func() {
		select {
		case <-again: // one call at a time
			defer func() { again <- struct{}{} }()
		default:
			return
		}
		if work.goesOn() {
			w.timer.Reset(silence)
			return
		}
		giveUp()
	})
	w.timer.Stop()
	return w
}

func (w *watched) Read(b []byte) (int, error) {
	w.timer.Reset(silence)
	defer w.timer.Stop()
	return w.out.Read(b)
}

func (w *watched) stop() { w.timer.Stop() }

// mostComplaints bounds what is kept of a git's complaints, in bytes.
const mostComplaints = 16 << 10

// head keeps the beginning of what is written to it.
type head struct{ bytes.Buffer }

func (h *head) Write(b []byte) (int, error) {
	if room := mostComplaints - h.Len(); room > 0 {
		_, _ = h.Buffer.Write(b[:min(room, len(b))]) // never fails
	}
	return len(b), nil
}
