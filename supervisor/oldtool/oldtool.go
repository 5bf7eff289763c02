// Package oldtool knows the services that the Python tool of the same name started and left
// running: by the pid files in its runtime folder. Find names them, Stop ends them.
//
// A number in a file proves nothing, so a process counts only when it runs under this user,
// listens on the service's port, and was executed from the service's program.
package oldtool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/tcp"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/leftover"
)

// Service is a service of the Python tool that runs.
type Service struct {
	Name string
	PID  int
	addr string             // where it listens
	file string             // the pid file that names it
	ids  []process.Identity // the process of the pid file, and the one below it that listens
}

// String names the service for people.
func (s Service) String() string { return fmt.Sprintf("%s (process %d)", s.Name, s.PID) }

// endTimeout is how long a process may take to end after SIGTERM, and again after SIGKILL,
// and its port to become free afterwards.
const endTimeout = 10 * time.Second

// portInterval is the time between two looks whether a port is free.
const portInterval = 20 * time.Millisecond

// programs are the names of the programs that the Python tool starts, by service.
var programs = map[string][]string{
	config.LiteLLM:  {"litellm"},
	config.CLIProxy: {"cli-proxy-api-plus", "CLIProxyAPIPlus", "cli-proxy-api", "CLIProxyAPI"},
}

// Find returns the named services, all when none is named, that the Python tool started and
// that still run.
func Find(cfg *config.Config, names []string) []Service {
	var found []Service
	for _, svc := range cfg.Services {
		if len(names) > 0 && !slices.Contains(names, svc.Name) {
			continue
		}
		for _, file := range leftover.PIDFiles(cfg.Paths.RuntimeDir, svc.Name) {
			for _, pid := range leftover.PIDs(file) {
				if ids := identify(pid, svc); ids != nil {
					found = append(found, Service{svc.Name, pid, svc.Addr(), file, ids})
				}
			}
		}
	}
	return found
}

// identify returns the processes of a service whose pid file names pid, nil when that is
// another process by now.
func identify(pid int, svc config.Service) []process.Identity {
	leader, err := process.Identify(pid)
	if err != nil || !process.IsOwn(pid) || !runsProgram(pid, svc) {
		return nil
	}
	holder, found, err := tcp.FindListener(svc.Host, svc.Port)
	if err != nil || !found || holder.PID == 0 || !process.BelongsTo(holder.PID, pid) {
		return nil
	}
	ids := []process.Identity{leader}
	if holder.PID != pid {
		listener, err := process.Identify(holder.PID)
		if err != nil || !process.IsOwn(holder.PID) {
			return nil
		}
		ids = append(ids, listener)
	}
	return ids
}

// runsProgram reports whether a process was executed from the program of a service.
func runsProgram(pid int, svc config.Service) bool {
	if process.HasCommand(pid, svc.Command) {
		return true
	}
	executable, args := process.CommandLine(pid)
	return slices.ContainsFunc(append(args, executable), func(word string) bool {
		return slices.Contains(programs[svc.Name], filepath.Base(word))
	})
}

// Stop ends services that Find returned, and removes their pid files. Fault:
// old-tool-running.
func Stop(ctx context.Context, cfg *config.Config, services []Service) error {
	for _, s := range services {
		for _, id := range s.ids {
			if err := endProcess(ctx, id); err != nil {
				return fault.New("old-tool-running", "%s of the Python FlowGate does not end: %w", s, err).
					WithHint("end it by hand, then mage start")
			}
		}
		if err := waitForPort(ctx, s.addr); err != nil {
			return fault.New("old-tool-running", "the port of %s of the Python FlowGate does not become free: %w", s, err).
				WithHint("mage doctor says who has it")
		}
		_ = control.AppendEvents(cfg.Paths.LogFile, control.Event{
			Event: control.EventStopped, Service: s.Name, Profile: control.ActiveProfile(cfg), Result: "ok",
			Detail: fmt.Sprintf("process %d of the Python FlowGate; start -take", s.PID),
		})
		if err := os.Remove(s.file); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fault.New("old-tool-running", "remove the pid file of %s, which has ended: %w", s, err).
				WithHint("remove it by hand")
		}
	}
	return nil
}

// endProcess ends a process and the group that it leads, with SIGKILL when it takes
// longer than endTimeout.
func endProcess(ctx context.Context, id process.Identity) error {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if !id.Alive() {
			return nil
		}
		if id.SignalGroup(sig) != nil { // the Python tool gives each service a group of its own
			if err := id.Signal(sig); err != nil && id.Alive() {
				return err
			}
		}
		limited, cancel := context.WithTimeout(ctx, endTimeout)
		err := id.Await(limited)
		cancel()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return errors.New("it does not end after SIGKILL")
}

// waitForPort returns when no process listens at addr any more: the system closes the sockets
// of a process a moment after its end is seen. It returns an error after endTimeout.
func waitForPort(ctx context.Context, addr string) error {
	limited, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	for {
		err := tcp.CheckFree(limited, addr)
		if err == nil {
			return nil
		}
		select {
		case <-limited.Done():
			return err
		case <-time.After(portInterval):
		}
	}
}

// RunningFault returns the fault of a start that finds services of the Python tool, nil
// when there are none.
func RunningFault(services []Service) error {
	if len(services) == 0 {
		return nil
	}
	names := make([]string, len(services))
	for i, s := range services {
		names[i] = s.String()
	}
	return fault.New("old-tool-running", "the Python FlowGate started %s, which still runs here",
		strings.Join(names, " and ")).
		WithHint("mage start -take stops what it started, and starts the services anew")
}
