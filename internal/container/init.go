// Package container is what the first process of a container has to do: the
// kernel gives it every orphan, and nothing else can reap them. Ask IsInit, then
// call RunUnderInit. It never waits for a process of another kind.
package container

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// reapInterval is the longest time that an orphan which ended waits to be reaped
// when the signal that tells of it was lost among others.
const reapInterval = time.Second

// IsInit reports whether this process is the first of its container.
func IsInit() bool { return os.Getpid() == 1 }

// RunUnderInit runs a program as a child of the first process of a container:
// signals are passed on to it and every other child that ended is reaped, so that
// the program's own children are nobody else's business. It returns how the
// program ended; the kernel ends whatever is left of the container with its
// first process.
func RunUnderInit(path string, args []string) (syscall.WaitStatus, error) {
	signals := make(chan os.Signal, 64)
	signal.Notify(signals, syscall.SIGCHLD, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2)
	defer signal.Stop(signals)
	child, err := os.StartProcess(path, append([]string{path}, args...), &os.ProcAttr{
		Env: os.Environ(), Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
	})
	if err != nil {
		return 0, fmt.Errorf("execute %s: %w", path, err)
	}
	pid := child.Pid
	_ = child.Release() // it is waited for by its number, as the orphans are
	ticker := time.NewTicker(reapInterval)
	defer ticker.Stop()
	for {
		if status, ended := reapChildren(pid); ended {
			return status, nil
		}
		select {
		case <-ticker.C:
		case s := <-signals:
			if s != syscall.SIGCHLD {
				_ = syscall.Kill(pid, s.(syscall.Signal)) // not waited for yet, so the number is its own
			}
		}
	}
}

// reapChildren reaps the children that have ended; it stops at the one with that pid.
func reapChildren(pid int) (status syscall.WaitStatus, ended bool) {
	for {
		reaped, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil || reaped <= 0:
			return 0, false
		case reaped == pid:
			return status, true
		}
	}
}
