// Package client is a command's connection to the supervisor of one runtime folder: New
// returns a Client, whose Status and Command ask the supervisor. Without a supervisor
// both return ErrNoSupervisor. If a supervisor runs and does not answer, they return the
// fault supervisor-unreachable within seconds.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"syscall"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/ownfile"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

// ErrNoSupervisor means that no process listens on the control socket.
var ErrNoSupervisor = errors.New("no supervisor runs")

// Client sends commands to the supervisor of one runtime folder.
type Client struct {
	runtimeDir string
	Scrub      func(line []byte) []byte // takes secrets out of the log lines in a fault; may be nil
}

// New returns a Client for the runtime folder of cfg.
func New(cfg *config.Config) *Client { return &Client{runtimeDir: cfg.Paths.RuntimeDir} }

// dial connects to the supervisor.
func (c *Client) dial(ctx context.Context) (net.Conn, error) {
	path := control.SocketPath(c.runtimeDir)
	conn, err := dialSameUser(ctx, path)
	if err == nil {
		return conn, nil
	}
	l := ledger.Read(c.runtimeDir)
	if l.Socket != "" && l.Socket != path { // a supervisor wrote down where it listens instead
		if conn, err = dialSameUser(ctx, l.Socket); err == nil {
			return conn, nil
		}
	}
	if visible := pathSeenBy(l.Supervisor, l.Socket); visible != "" {
		if conn, err := dialSameUser(ctx, visible); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// pathSeenBy returns a path by which this process reaches the file that the process id
// sees at path: a process with a private /tmp, such as a unit with PrivateTmp, has its
// socket in a folder that others do not see. It returns "" if the process has ended, and
// where the system has no such path or none short enough for a socket.
func pathSeenBy(id process.Identity, path string) string {
	visible := "/proc/" + strconv.Itoa(id.PID) + "/root" + path
	if path == "" || runtime.GOOS != "linux" || len(visible) > control.MaxSocketPath || !id.Alive() {
		return ""
	}
	return visible
}

// foreignSocketError is the error of a control socket on which a process of another
// user listens.
type foreignSocketError struct {
	path string
	uid  int // -1 when the system does not say
}

// Error says which socket belongs to another user.
func (e foreignSocketError) Error() string {
	return fmt.Sprintf("the control socket %s belongs to another user", e.path)
}

// hint returns what the user can do about it.
func (e foreignSocketError) hint() string {
	if e.uid < 0 || e.uid == os.Geteuid() {
		return "run the command as the user that the stack belongs to"
	}
	return ownfile.OwnerHint(e.uid)
}

// dialSameUser connects to a socket if a process of our own user listens on it.
func dialSameUser(ctx context.Context, path string) (net.Conn, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if uid, err := control.PeerUID(conn.(*net.UnixConn)); err != nil || uid != os.Geteuid() {
		_ = conn.Close()
		return nil, foreignSocketError{path: path, uid: uid}
	}
	return conn, nil
}

// Status returns the state of the stack as the supervisor sees it. Errors:
// ErrNoSupervisor, and the faults of an unreachable supervisor.
func (c *Client) Status(ctx context.Context) (control.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	resp, err := c.send(ctx, http.MethodGet, "/v1/status", nil)
	if err != nil {
		return control.Status{}, err
	}
	defer resp.Body.Close()
	var s control.Status
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		return control.Status{}, c.unreachable(err)
	}
	return s, nil
}

// Command sends a command and passes events to progress until the command is done. It
// returns the last line of the reply.
func (c *Client) Command(
	ctx context.Context,
	verb string,
	q control.Request,
	progress func(control.Event),
) (control.Reply, error) {
	q.Quiet, q.Typed = progress == nil, program.Name()
	body, err := control.EncodeRequest(q)
	if err != nil {
		return control.Reply{}, fmt.Errorf("encode the command: %w", err)
	}
	ctx, heard, end := c.watchSilence(ctx)
	defer end()
	resp, err := c.send(ctx, http.MethodPost, "/v1/"+verb, bytes.NewReader(body))
	if err != nil {
		return control.Reply{}, err
	}
	defer resp.Body.Close()
	for lines := json.NewDecoder(resp.Body); ; {
		var line control.Reply
		err := lines.Decode(&line)
		heard()
		switch {
		case ctx.Err() != nil:
			return control.Reply{}, context.Cause(ctx)
		case err != nil:
			return control.Reply{}, fault.New("supervisor-lost", "the supervisor ended before it answered: %w", err).
				WithHint("see supervisor.log in the runtime folder, then mage status")
		case line.Event == nil:
			return line, line.Fault.Scrub(c.Scrub).Err()
		case progress != nil:
			progress(*line.Event)
		}
	}
}

// send sends a request to the supervisor. Errors: ErrNoSupervisor; fault
// supervisor-unreachable.
func (c *Client) send(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://flowgate"+path, body)
	if err != nil {
		return nil, fmt.Errorf("ask the supervisor: %w", err)
	}
	conn, err := c.dial(ctx) // before the request is sent: mostly no supervisor runs
	if isAbsent(err) {
		conn, err = c.reconnect(ctx)
	}
	var resp *http.Response
	var foreign foreignSocketError
	if err == nil {
		resp, err = roundTrip(conn, req)
	}
	switch {
	case err == nil:
		return resp, nil
	case errors.Is(err, ErrNoSupervisor),
		errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, syscall.EPIPE),
		errors.Is(err, io.EOF):
		return nil, ErrNoSupervisor // there is none, or it ended before it received the request
	case IsUnreachable(err):
		return nil, err
	case errors.As(err, &foreign):
		return nil, fault.New("supervisor-unreachable", "the supervisor cannot be asked: %w", err).WithHint(
			"%s", foreign.hint(),
		)
	case errors.Is(err, fs.ErrPermission):
		return nil, fault.New("supervisor-unreachable", "the supervisor cannot be reached: %w", err).
			WithHint("the runtime folder and its files must be readable for you: mage doctor shows what is wrong")
	case ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, context.Cause(ctx)
	default:
		return nil, c.unreachable(err)
	}
}

// roundTrip sends a request over a connection, which closes with the reply's body.
func roundTrip(conn net.Conn, req *http.Request) (*http.Response, error) {
	dial := func(context.Context, string, string) (net.Conn, error) { return conn, nil }
	resp, err := (&http.Transport{DialContext: dial, DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		_ = conn.Close()
	}
	return resp, err
}
