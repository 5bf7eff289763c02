package drill

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/supervisor"
)

// List returns all drills.
func List() []Drill { return append(listProcessDrills(), listStateDrills()...) }

// listProcessDrills returns the drills that end, suspend or displace processes.
func listProcessDrills() []Drill {
	return []Drill{
		{
			Name:  "service-killed",
			Title: "A router that is killed comes back",
			About: "The router is ended three times with kill -9.",
			run:   killService,
		},
		{
			Name:  "supervisor-killed",
			Title: "A router outlives its supervisor and is adopted",
			About: "The supervisor is ended with kill -9 and another one started.",
			run:   killSupervisor,
		},
		{
			Name:  "port-stolen",
			Title: "A foreign process on the router's port is named and not touched",
			About: "While the router is stopped, another process takes its port.",
			run:   stealPort,
		},
		{
			Name:  "pid-stale",
			Title: "A pid file that names a foreign process does no harm",
			About: "Pid files are left behind: one of a process that has ended, one of a process outside the stack.",
			run:   leavePIDFiles,
		},
		{
			Name:  "probe-hung",
			Title: "A router that hangs is found and replaced",
			About: "The router is suspended: it takes connections and answers none.",
			run:   hangProbe,
		},
	}
}

// listStateDrills returns the drills that break what the stack depends on: its disk, its
// credentials, its program.
func listStateDrills() []Drill {
	return []Drill{
		{
			Name:   "disk-full",
			Title:  "The router serves while the disk is full",
			About:  "The disk of the runtime folder, a small one of its own, is filled.",
			run:    fillDisk,
			before: mountDisk,
		},
		{
			Name:  "credential-expired",
			Title: "An expired credential is named",
			About: "A credential whose token has expired, without a refresh token, appears among the credentials.",
			run:   expireCredential,
		},
		{
			Name:  "upgrade-cut",
			Title: "An upgrade cut in half leaves the old supervisor in charge",
			About: "The new program vanishes between its check and its execution.",
			run:   cutUpgrade,
		},
	}
}

func killService(ctx context.Context, s *stack) error {
	for range 3 {
		router, err := s.routerStatus(ctx)
		if err != nil {
			return err
		}
		if err := syscall.Kill(router.PID, syscall.SIGKILL); err != nil {
			return err
		}
		s.noteStep("kill -9 of process %d, the router", router.PID)
		if err := s.waitForNewRouter(ctx, router.PID); err != nil {
			return err
		}
	}
	return errors.Join(
		s.expectComplaint(ctx, false, "processes.crashing", config.LiteLLM+" ended 3 times"),
		s.expectServing(ctx),
	)
}

func killSupervisor(ctx context.Context, s *stack) error {
	before, err := supervisor.Query(ctx, s.cfg)
	if err != nil {
		return err
	}
	if err := syscall.Kill(before.Supervisor.PID, syscall.SIGKILL); err != nil {
		return err
	}
	s.noteStep("kill -9 of process %d, the supervisor", before.Supervisor.PID)
	router := before.Only(config.LiteLLM).Services[0]
	gone := func() bool {
		status, err := supervisor.Query(ctx, s.cfg)
		return err == nil && status.Supervisor == nil
	}
	err = s.waitFor(ctx, "no supervisor runs", gone)
	if err == nil {
		err = s.expectServing(ctx)
	}
	if err == nil {
		err = s.expectComplaint(ctx, false, "processes.orphaned", strconv.Itoa(router.PID))
	}
	if err == nil {
		err = s.start(ctx)
	}
	if err != nil {
		return err
	}
	after, err := s.routerStatus(ctx)
	if err != nil || after.PID != router.PID || !after.Ready {
		return errors.Join(fmt.Errorf("the router was not adopted: process %d became %d", router.PID, after.PID), err)
	}
	s.noteStep("the router was adopted: process %d still", after.PID)
	return s.expectPass(ctx, "processes.orphaned")
}

func stealPort(ctx context.Context, s *stack) error {
	if _, err := supervisor.Stop(ctx, s.cfg, []string{config.LiteLLM}); err != nil {
		return err
	}
	svc, _ := s.cfg.Service(config.LiteLLM)
	thief, err := net.Listen("tcp", svc.Addr())
	if err != nil {
		return err
	}
	defer thief.Close()
	s.noteStep("process %d took %s", os.Getpid(), svc.Addr())
	if err := s.start(ctx); !fault.HasCode(err, "port-in-use") {
		return errors.Join(errors.New("the start was not refused because of the port"), err)
	}
	if err := s.expectComplaint(ctx, false, "ports.available", svc.Addr(), strconv.Itoa(os.Getpid())); err != nil {
		return err
	}
	if err := thief.Close(); err != nil {
		return err
	}
	if err := s.start(ctx); err != nil {
		return err
	}
	return errors.Join(s.expectServing(ctx), s.expectPass(ctx, "ports.available"))
}

func leavePIDFiles(ctx context.Context, s *stack) error {
	dir := s.cfg.Paths.RuntimeDir
	stale, theirs := filepath.Join(dir, "litellm.pid"), filepath.Join(dir, "other.pid")
	const unusedPID = 1<<22 + 1 // above every pid that Linux and macOS give out
	for path, pid := range map[string]int{stale: unusedPID, theirs: s.bystanderID.PID} {
		if err := os.WriteFile(path, []byte(strconv.Itoa(pid)+"\n"), 0o600); err != nil {
			return err
		}
	}
	s.noteStep("%s names no process, %s the bystander", filepath.Base(stale), filepath.Base(theirs))
	if err := s.expectComplaint(ctx, false, "processes.stale", "other.pid"); err != nil {
		return err
	}
	if err := s.expectComplaint(ctx, true, "processes.stale", "litellm.pid"); err != nil {
		return err
	}
	if _, err := os.Stat(stale); err == nil {
		return errors.New("doctor -fix left the stale pid file")
	}
	if _, err := os.Stat(theirs); err != nil {
		return fmt.Errorf("doctor -fix removed the pid file of a foreign process: %w", err)
	}
	if err := s.restart(ctx); err != nil {
		return err
	}
	return s.expectServing(ctx)
}

func hangProbe(ctx context.Context, s *stack) error {
	router, err := s.routerStatus(ctx)
	if err != nil {
		return err
	}
	// By default the supervisor waits for a minute of silence; a drill has less time.
	for i := range s.cfg.Services {
		s.cfg.Services[i].Probes.Liveness = &config.Probe{
			Interval: config.Span(time.Second),
			Timeout:  config.Span(time.Second),
			Failures: 12,
		}
	}
	if err := s.restart(ctx); err != nil {
		return err
	}
	if router, err = s.routerStatus(ctx); err != nil {
		return err
	}
	if err := syscall.Kill(router.PID, syscall.SIGSTOP); err != nil {
		return err
	}
	s.noteStep("process %d, the router, is suspended", router.PID)
	if err := s.expectComplaint(ctx, false, "services.ready", config.LiteLLM, "no answer"); err != nil {
		return err
	}
	if err := s.waitForNewRouter(ctx, router.PID); err != nil {
		return err
	}
	return errors.Join(s.expectServing(ctx), s.expectPass(ctx, "services.ready"))
}

func expireCredential(ctx context.Context, s *stack) error {
	if err := s.expectNoComplaint(ctx, "credentials.fresh"); err != nil {
		return err
	}
	file := filepath.Join(s.cfg.Paths.Auths(), "codex-drill@example.com.json")
	text := `{"type":"codex","email":"drill@example.com","access_token":"drill","expired":"2020-01-01T00:00:00Z"}` + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	s.noteStep("%s has expired and cannot be renewed", filepath.Base(file))
	if err := s.expectComplaint(ctx, false, "credentials.fresh", filepath.Base(file)); err != nil {
		return err
	}
	if err := s.expectServing(ctx); err != nil {
		return err
	}
	if err := os.Remove(file); err != nil {
		return err
	}
	return s.expectNoComplaint(ctx, "credentials.fresh")
}

func cutUpgrade(ctx context.Context, s *stack) error {
	before, err := s.routerStatus(ctx)
	if err != nil {
		return err
	}
	program := filepath.Join(s.dir, "next")
	text := []byte("#!/bin/sh\nrm '" + program + "'\n")
	if err := os.WriteFile(program, text, 0o700); err != nil { //nolint:gosec // it must be executable
		return err
	}
	_, err = supervisor.Upgrade(ctx, s.cfg, program)
	if !fault.HasCode(err, "upgrade-failed") {
		return errors.Join(errors.New("the command did not report that the upgrade failed"), err)
	}
	s.noteStep("%v", err)
	if err := s.expectComplaint(ctx, false, "supervisor.current", "upgrade"); err != nil {
		return err
	}
	after, err := s.routerStatus(ctx)
	if err != nil || after.PID != before.PID {
		return errors.Join(fmt.Errorf("the router did not stay: process %d became %d", before.PID, after.PID), err)
	}
	return s.expectServing(ctx)
}
