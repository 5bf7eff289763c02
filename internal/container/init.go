// Package container does the work of the first process of a container: the kernel makes it
// the parent of every orphan, which no other process can reap. Call IsInit, then
// RunUnderInit.
package container

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// reapInterval is the longest time until an ended orphan is reaped when its SIGCHLD was
// merged with another one.
const reapInterval = time.Second

// IsInit reports whether this process is the first of its container.
func IsInit() bool { return os.Getpid() == 1 }

// RunUnderInit runs a program as a child of the first process of a container. It passes
// signals on to the program and reaps every other child that ends. It returns the status
// with which the program ended. When the caller, which is the first process, then exits, the
// kernel ends all other processes in the container.
func RunUnderInit(path string, args []string) (syscall.WaitStatus, error) {
	signals := make(chan os.Signal, 64)
	signal.Notify(signals, syscall.SIGCHLD, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT,
		syscall.SIGUSR1, syscall.SIGUSR2)
	defer signal.Stop(signals)
	child, err := os.StartProcess(path, append([]string{path}, args...), &os.ProcAttr{
		Env: os.Environ(), Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
	})
	if err != nil {
		return 0, fmt.Errorf("execute %s: %w", path, err)
	}
	pid := child.Pid
	_ = child.Release() // reapChildren waits for its pid
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
				_ = syscall.Kill(pid, s.(syscall.Signal)) // not reaped yet, so the pid is still the child's
			}
		}
	}
}

// reapChildren reaps the children that have ended, until it has reaped the one with that pid;
// ended reports whether it has.
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
