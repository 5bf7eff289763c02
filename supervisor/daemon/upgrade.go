package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/daemon/handover"
)

// upgradeTo is the cause that ends a life for a handover to another program in the
// same process: the services stay its children.
type upgradeTo struct{ program string }

// Error returns the cause as text.
func (u upgradeTo) Error() string { return "handed over to " + u.program }

// checkTimeout is how long a new program may take to read the configuration.
const checkTimeout = 20 * time.Second

// upgrade checks the program that q names and refuses further commands: the life ends
// after the reply was sent, and the program takes over. A program that cannot even read
// the configuration is refused. Faults: control-invalid, upgrade-refused.
func (r *resident) upgrade(ctx context.Context, q control.Request) error {
	return r.services.CloseAfter(ctx, func(ctx context.Context) error {
		if q.Program == "" {
			return fault.New("control-invalid", "the upgrade names no program")
		}
		ctx, cancel := context.WithTimeout(ctx, checkTimeout)
		defer cancel()
		args := append(r.arguments(), "-check")
		cmd := exec.CommandContext(ctx, q.Program, args...) //nolint:gosec // a program that our own user runs
		cmd.Dir = r.opts.Config.Dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return fault.New("upgrade-refused", "the new program cannot take over: %w: %s", err, firstLine(out)).
				WithHint("nothing was changed; try %s supervisor:run -check", q.Program)
		}
		r.nextProgram.Store(&q.Program)
		return nil
	})
}

// firstLine returns the first line of a program's output.
func firstLine(out []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line
}

// arguments returns the arguments of this supervisor's program that its successor
// needs as well.
func (r *resident) arguments() []string {
	args := []string{"supervisor:run"}
	if file := r.opts.Config.File; file != "" {
		args = append(args, "-config="+file)
	}
	if r.opts.Ephemeral != "" {
		args = append(args, "-ephemeral="+r.opts.Ephemeral)
	}
	return args
}

// handOver executes the next program in this process. It returns only when that
// failed, with what the old program needs to continue.
func (r *resident) handOver(why error) predecessor {
	var to upgradeTo
	errors.As(why, &to)
	note := handover.Note{
		Socket: r.folder.Socket(), Upgrades: r.upgrades + 1, Ledger: r.ledger(), Requests: r.services.Requests(),
	}
	files := handover.Files{Lock: r.folder.Lock(), Listener: r.folder.Listener()}
	files.Lifeline, _ = r.opts.Lifeline.(*os.File)
	err := handover.Execute(to.program, r.arguments(), note, files, r.paths.RuntimeDir)
	r.upgradeFailure = fmt.Sprintf("execute %s: %v", to.program, err)
	r.events.Emit(control.Event{Event: control.EventSupervisorUpgrade, Result: "error", Detail: r.upgradeFailure})
	return predecessor{ledger: note.Ledger, requests: note.Requests}
}
