// Package probe asks a service for its state: call New, then Ask again and again. A
// Finding holds evidence of a kind, which decides what may follow; see IsAboutService.
//
// A probe uses no proxy, follows no redirect and keeps no connection.
package probe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"regexp"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/logfile"
	"github.com/flowgate-go/flowgate/internal/loopback"
)

// Target is the process that is probed.
type Target struct {
	Service config.Service
	Dir     string   // working folder of a command
	Env     []string // environment of a command
	Log     string   // file with its output
	LogFrom int64    // offset (logfile.EndOffset) at which its lines begin

	// Key returns the key to send when the service answers 401 or 403: the default path
	// of a command, /v1/models, requires one. "" or nil: none.
	Key func() string
}

// Finding is the result of one probe.
type Finding struct {
	Evidence Evidence
	Err      error // nil exactly when Evidence is Passed; says in a few words what came instead
}

// OK reports whether the probe passed.
func (f Finding) OK() bool { return f.Err == nil }

// HasAnswer reports whether the service gave an answer of any kind.
func (f Finding) HasAnswer() bool { return f.Evidence != NoAnswer && f.Evidence != Exited }

// Prober probes one process.
type Prober struct {
	probe   config.Probe
	target  Target
	pattern *regexp.Regexp
	log     *logfile.Follower
	seen    bool // a line of the log has matched
}

// New prepares a probe. It fails on a pattern that does not compile.
func New(p config.Probe, t Target) (*Prober, error) {
	prober := &Prober{probe: p, target: t}
	if p.Log == "" {
		return prober, nil
	}
	pattern, err := regexp.Compile(p.Log)
	if err != nil {
		return nil, fmt.Errorf("the log probe of service %q: %w", t.Service.Name, err)
	}
	prober.pattern, prober.log = pattern, logfile.NewFollower(t.Log, t.LogFrom)
	return prober, nil
}

// Ask probes once, within the probe's timeout. It is not for concurrent use.
func (p *Prober) Ask(ctx context.Context) Finding {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(p.probe.Timeout))
	defer cancel()
	switch {
	case p.probe.HTTP != "":
		return p.askHTTP(ctx)
	case p.probe.TCP:
		return p.askTCP(ctx)
	case len(p.probe.Command) > 0:
		return p.runCommand(ctx)
	default:
		return p.matchLog()
	}
}

// askHTTP sends one GET without http.Transport, whose goroutines and pools would be
// most of the cost.
func (p *Prober) askHTTP(ctx context.Context) Finding {
	base := p.target.Service.URL()
	full := base + p.probe.HTTP
	status, err := get(ctx, full, "")
	if err == nil && (status == http.StatusUnauthorized || status == http.StatusForbidden) && p.target.Key != nil {
		status, err = p.askWithKey(ctx, base, status)
	}
	if err != nil && ctx.Err() != nil {
		return Finding{NoAnswer, fmt.Errorf("GET %s: no answer within %v", full, time.Duration(p.probe.Timeout))}
	}
	if err != nil {
		return Finding{classifyFailure(err), fmt.Errorf("GET %s: %w", full, unwrapNetwork(err))}
	}
	if evidence := classifyStatus(status); evidence != Passed {
		return Finding{evidence, fmt.Errorf("GET %s: status %d", full, status)}
	}
	return Finding{Evidence: Passed}
}

// LiteLLM sends a request to every model when expensivePath is requested with a key.
// freePath tells without a key whether LiteLLM is ready.
const (
	expensivePath = "/health"
	freePath      = "/health/readiness"
)

// askWithKey repeats, with a key, a request that was refused without one; for LiteLLM's
// /health only when its free path does not answer.
func (p *Prober) askWithKey(ctx context.Context, base string, refused int) (status int, err error) {
	if p.probe.HTTP == expensivePath && p.target.Service.Name == config.LiteLLM {
		if status, err := get(ctx, base+freePath, ""); err == nil && classifyStatus(status) == Passed {
			return status, nil
		}
	}
	if key := p.target.Key(); key != "" {
		return get(ctx, base+p.probe.HTTP, key)
	}
	return refused, nil
}

// get returns the status of one GET, with a key when key is not empty.
func get(ctx context.Context, full, key string) (status int, err error) {
	u, err := url.Parse(full)
	if err != nil {
		return 0, err
	}
	dial := (&net.Dialer{KeepAlive: -1}).DialContext
	if key != "" {
		dial = loopback.Dial
	}
	conn, err := dial(ctx, "tcp", u.Host)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	req := &http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Close: true,
		Header: http.Header{"User-Agent": {"flowgate-probe"}}}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	if err := req.Write(conn); err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(bufio.NewReaderSize(io.LimitReader(conn, 64<<10), 1<<10), req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, nil // the connection closes without reading the body, which may take long
}

// askTCP connects to the service.
func (p *Prober) askTCP(ctx context.Context) Finding {
	u, err := url.Parse(p.target.Service.URL())
	if err != nil {
		return Finding{NoAnswer, err}
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return Finding{classifyFailure(err), fmt.Errorf("connect to %s: %w", u.Host, unwrapNetwork(err))}
	}
	_ = conn.Close()
	return Finding{Evidence: Passed}
}

// runCommand runs a program. On timeout the processes that it left in its group are
// killed with it.
func (p *Prober) runCommand(ctx context.Context) Finding {
	cmd := exec.CommandContext(ctx, p.probe.Command[0], p.probe.Command[1:]...) //nolint:gosec // the configuration names the command
	cmd.Dir, cmd.Env = p.target.Dir, p.target.Env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	switch exit := (*exec.ExitError)(nil); {
	case err == nil:
		return Finding{Evidence: Passed}
	case ctx.Err() != nil:
		return Finding{NoAnswer, fmt.Errorf("%s did not end within %v", p.probe.Command[0], time.Duration(p.probe.Timeout))}
	case errors.As(err, &exit):
		return Finding{Unready, fmt.Errorf("%s: %w", p.probe.Command[0], exit)}
	}
	return Finding{Inconclusive, err} // it could not run, which says nothing about the service
}

// matchLog passes when a line of the log matches, and always after that.
func (p *Prober) matchLog() Finding {
	errFound := errors.New("found")
	err := error(nil)
	if !p.seen {
		err = p.log.Poll(func(line []byte) error {
			if p.pattern.Match(line) {
				return errFound
			}
			return nil
		})
		p.seen = errors.Is(err, errFound) || p.pattern.Match(p.log.Rest()) && len(p.log.Rest()) > 0
	}
	switch {
	case p.seen:
		return Finding{Evidence: Passed}
	case err != nil:
		return Finding{Inconclusive, fmt.Errorf("read the log: %w", err)}
	}
	return Finding{Unready, fmt.Errorf("no line of its log matches %q yet", p.probe.Log)}
}

// classifyFailure returns the evidence of a request without an HTTP answer. An answer
// that is not HTTP is still an answer, and a resource that this process lacks says
// nothing about the service.
func classifyFailure(err error) Evidence {
	var network net.Error
	for _, shortage := range [...]error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM,
		syscall.EADDRNOTAVAIL} {
		if errors.Is(err, shortage) {
			return Inconclusive
		}
	}
	if errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return NoAnswer
	}
	return Inconclusive
}

// unwrapNetwork returns the error below the layers of connection and socket.
func unwrapNetwork(err error) error {
	var errno syscall.Errno
	switch {
	case errors.As(err, &errno):
		return errno
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the connection was closed without an answer")
	}
	return err
}
