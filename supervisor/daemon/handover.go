package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

// upgradeTo is the cause of the end of a life that another program continues,
// in the same process: the services stay its children.
type upgradeTo struct{ program string }

// Error implements error, as a cause must.
func (u upgradeTo) Error() string { return "handed over to " + u.program }

// checkTime is how long a new program may take to say that it can read the
// configuration.
const checkTime = 20 * time.Second

// upgrade lets the running life end for the program that asks; the answer goes
// out first. A program that cannot even read the configuration is refused.
func (r *resident) upgrade(ctx context.Context, q control.Request) error {
	ctx, leave, err := r.gate.enter(context.WithoutCancel(ctx), false)
	if err != nil {
		return err
	}
	defer leave()
	if q.Program == "" {
		return fault.New("control-invalid", "an upgrade without a program")
	}
	check, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	cmd := exec.CommandContext(check, q.Program, append(r.arguments(), "-check")...) //nolint:gosec // a program that our own user runs
	cmd.Dir = r.opts.Config.Dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fault.New("upgrade-refused", "the new program cannot take over: %w: %s", err, firstLine(out)).
			WithHint("nothing was changed; try %s supervisor:run -check", q.Program)
	}
	r.nextProgram = q.Program
	r.gate.close()
	return nil
}

func firstLine(out []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line
}

// arguments are those that this supervisor's program was run with and its
// successor needs as well.
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

// handover is what a supervisor leaves to the program that takes its process
// over. Descriptors keep their numbers across exec.
type handover struct {
	Lock     int                        `json:"lock"`
	Listener int                        `json:"listener"`
	Lifeline int                        `json:"lifeline,omitempty"`
	Socket   string                     `json:"socket"`
	Upgrades int                        `json:"upgrades"`
	Ledger   ledger.Ledger              `json:"ledger"`
	Requests map[string]control.Request `json:"requests"`
}

// handOver executes the next program in this process. It returns only when
// that failed, with what the old program goes on with.
func (r *resident) handOver(why error) inheritance {
	var to upgradeTo
	errors.As(why, &to)
	err := r.execute(to.program)
	r.upgradeFailure = fmt.Sprintf("execute %s: %v", to.program, err)
	r.events.Emit(control.Event{Event: control.EventSupervisorUpgrade, Result: "error", Detail: r.upgradeFailure})
	return inheritance{ledger: r.ledger(), requests: r.requests()}
}

// requests are what the running services were started by.
func (r *resident) requests() map[string]control.Request {
	requests := map[string]control.Request{}
	for _, u := range r.all() {
		if u.Request != nil {
			requests[u.Name] = u.Request.Command
		}
	}
	return requests
}

func (r *resident) execute(program string) error {
	if r.listener == nil {
		return errors.New("the control socket was lost")
	}
	socket, err := r.listener.File()
	if err != nil {
		return err
	}
	defer socket.Close()
	note, err := os.CreateTemp(r.paths.RuntimeDir, ".handover-*")
	if err != nil {
		return err
	}
	defer note.Close()
	_ = os.Remove(note.Name()) // it has an environment in it: gone with its last descriptor
	h := handover{
		Lock: number(r.lock), Listener: number(socket), Socket: r.socket, Upgrades: r.upgrades + 1,
		Ledger: r.ledger(), Requests: r.requests(),
	}
	inherited := []int{h.Lock, h.Listener, number(note)}
	if lifeline, ok := r.opts.Lifeline.(*os.File); ok {
		h.Lifeline = number(lifeline)
		inherited = append(inherited, h.Lifeline)
	}
	raw, err := json.Marshal(h)
	if err == nil {
		_, err = io.Copy(note, bytes.NewReader(raw))
	}
	if err == nil {
		_, err = note.Seek(0, io.SeekStart)
	}
	if err != nil {
		return err
	}
	for _, fd := range inherited {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0); err != nil {
			return err
		}
		defer unix.CloseOnExec(fd) // when the exec fails
	}
	args := append([]string{program}, r.arguments()...)
	args = append(args, "-handover="+strconv.Itoa(number(note)))
	if h.Lifeline != 0 {
		args = append(args, "-lifeline="+strconv.Itoa(h.Lifeline))
	}
	return syscall.Exec(program, args, os.Environ()) //nolint:gosec // checked to be a FlowGate by running it
}

// number is a file's descriptor. File.Fd would make it block, and with it the
// socket that the old program goes on with when the exec fails.
func number(file *os.File) (fd int) {
	raw, err := file.SyscallConn()
	if err == nil {
		err = raw.Control(func(n uintptr) { fd = int(n) })
	}
	if err != nil {
		return -1 // which F_SETFD refuses
	}
	return fd
}

// inherit is prepare for the program that takes over.
func (r *resident) inherit(note *os.File) (*resident, inheritance, error) {
	defer note.Close()
	var h handover
	if err := json.NewDecoder(note).Decode(&h); err != nil {
		return nil, inheritance{}, fmt.Errorf("read the handover: %w", err)
	}
	var err error
	if r.lock, err = InheritedFile(h.Lock); err != nil {
		return nil, inheritance{}, err
	}
	socket, err := InheritedFile(h.Listener)
	if err != nil {
		return nil, inheritance{}, err
	}
	defer socket.Close()
	l, err := net.FileListener(socket)
	if err != nil {
		return nil, inheritance{}, fmt.Errorf("take the control socket over: %w", err)
	}
	r.listener, r.socket, r.upgrades = l.(*net.UnixListener), h.Socket, h.Upgrades
	r.used.Store(true)
	return r, inheritance{first: true, ledger: h.Ledger, requests: h.Requests}, nil
}
