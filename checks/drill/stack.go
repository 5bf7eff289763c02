package drill

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/loopback"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/scaffold"
	"github.com/flowgate-go/flowgate/internal/tcp"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// stack is a private router with a bystander beside it: a process that no
// drill may touch.
type stack struct {
	options          Options
	dir              string
	cfg              *config.Config
	lifeline, ownEnd *os.File // the lifeline: the supervisor's end, and ours
	bystander        *exec.Cmd
	bystanderID      process.Identity
	steps            []string
	cleanUps         []func()
}

// skipError is the error of a drill that cannot run here.
type skipError struct{ why string }

// Error implements error.
func (s skipError) Error() string { return s.why }

// asSkipped reports whether err is a skipError, and stores it in s.
func asSkipped(err error, s *skipError) bool { return errors.As(err, s) }

// newStack returns a private stack that is ready to start. Fault: temp-dir-unwritable.
func newStack(o Options) (*stack, error) {
	dir, err := os.MkdirTemp("", "flowgate-drill-")
	if err != nil {
		return nil, fault.New("temp-dir-unwritable", "make a private folder: %w", err)
	}
	s := &stack{options: o, dir: dir}
	if err := s.prepare(); err != nil {
		return nil, errors.Join(err, s.tearDown())
	}
	return s, nil
}

// prepare writes the configuration and starts the bystander.
func (s *stack) prepare() error {
	ports, err := tcp.FreePorts(2)
	if err != nil {
		return err
	}
	if s.cfg, err = scaffold.WritePrivate(s.dir, ports[0], ports[1], config.RuntimeEmbedded); err != nil {
		return err
	}
	active, err := policy.Prepare(s.cfg, s.cfg.DefaultProfile(), s.options.Getenv)
	if err != nil {
		return err
	}
	if _, err := policy.Write(s.cfg, active, time.Now()); err != nil {
		return err
	}
	if s.lifeline, s.ownEnd, err = os.Pipe(); err != nil {
		return err
	}
	s.bystander = exec.Command("sleep", "600")
	s.bystander.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.bystander.Start(); err != nil {
		return err
	}
	s.bystanderID, err = process.Identify(s.bystander.Process.Pid)
	return err
}

// noteStep records what was done or seen.
func (s *stack) noteStep(format string, args ...any) {
	s.steps = append(s.steps, fmt.Sprintf(format, args...))
}

// start starts what does not run of the stack.
func (s *stack) start(ctx context.Context) error {
	_, err := supervisor.Start(ctx, s.cfg, supervisor.StartOptions{
		Self: s.options.Self, Environ: s.options.Environ, Lifeline: s.lifeline, Ephemeral: s.dir,
	})
	return err
}

// restart restarts the services with the configuration in cfg.
func (s *stack) restart(ctx context.Context) error {
	_, err := supervisor.Restart(ctx, s.cfg, supervisor.StartOptions{Self: s.options.Self, Environ: s.options.Environ})
	return err
}

// routerStatus returns the status that the supervisor gives of the router.
func (s *stack) routerStatus(ctx context.Context) (control.ServiceStatus, error) {
	status, err := supervisor.Query(ctx, s.cfg)
	if err != nil {
		return control.ServiceStatus{}, err
	}
	only := status.Only(config.LiteLLM).Services
	if len(only) == 0 {
		return control.ServiceStatus{}, errors.New("the router is gone from the status")
	}
	return only[0], nil
}

// waitFor polls until holds returns true or ctx ends, and notes what as a step.
func (s *stack) waitFor(ctx context.Context, what string, holds func() bool) error {
	for !holds() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("gave up waiting until %s", what)
		case <-time.After(20 * time.Millisecond): // nothing tells a command that the status has changed
		}
	}
	s.noteStep("%s", what)
	return nil
}

// waitForNewRouter waits until the router is ready as another process.
func (s *stack) waitForNewRouter(ctx context.Context, pid int) error {
	return s.waitFor(ctx, "the router is ready again, as another process", func() bool {
		now, err := s.routerStatus(ctx)
		return err == nil && now.Ready && now.PID != pid
	})
}

// expectServing asks the router itself whether it is ready.
func (s *stack) expectServing(ctx context.Context) error {
	svc, _ := s.cfg.Service(config.LiteLLM)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, svc.URL()+svc.ReadinessPath, nil)
	if err != nil {
		return err
	}
	resp, err := loopback.New(loopback.Options{}).Do(req)
	if err != nil {
		return fmt.Errorf("the router does not serve: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the router answers %s", resp.Status)
	}
	s.noteStep("the router serves")
	return nil
}

// expectBystander fails when the bystander process has ended.
func (s *stack) expectBystander() error {
	if !s.bystanderID.Alive() {
		return errors.New("a process outside the stack was ended")
	}
	s.noteStep("the bystander process was not touched")
	return nil
}

// tearDown stops the stack and removes its folder.
func (s *stack) tearDown() error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var err error
	if s.cfg != nil {
		_, err = supervisor.Stop(ctx, s.cfg, nil)
	}
	for _, f := range []*os.File{s.lifeline, s.ownEnd} {
		if f != nil {
			_ = f.Close()
		}
	}
	if s.bystander != nil && s.bystander.Process != nil {
		_ = s.bystander.Process.Kill()
		_ = s.bystander.Wait()
	}
	for _, clean := range s.cleanUps {
		clean()
	}
	if rm := os.RemoveAll(s.dir); rm != nil && !errors.Is(rm, os.ErrNotExist) {
		err = errors.Join(err, rm)
	}
	return err
}
