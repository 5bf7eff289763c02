package script_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// orphaning is a service that leaves an orphan behind every few milliseconds and
// then serves as the echo upstream.
const orphaning = `#!/bin/sh
while :; do (sh -c 'sleep 0.02 & exit' &); sleep 0.02; done &
exec "$FLOWGATE" echo:serve -port="$1"
`

// TestAsTheFirstProcessOfAContainerOrphansAreReaped runs the supervisor in
// namespaces of its own, where nothing else reaps them.
func TestAsTheFirstProcessOfAContainerOrphansAreReaped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if out, err := shell(t, dir, binary+" init "+freePorts(t)); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	useOrphaningUpstream(t, dir)
	if out, err := shell(t, dir, binary+" trust"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	container := exec.CommandContext(t.Context(), "sh", "-c",
		"mount -t proc proc /proc && exec "+binary+" supervisor:run -up")
	container.Dir, container.Stderr = dir, os.Stderr
	container.Env = append(os.Environ(), "FLOWGATE="+binary)
	container.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	if os.Geteuid() != 0 {
		container.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		container.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: 1}}
		container.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}}
		container.SysProcAttr.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN}
	}
	if err := container.Start(); err != nil {
		t.Skip("no process namespace here: ", err)
	}
	waited := make(chan error, 1)
	go func() { waited <- container.Wait() }()
	await(t, "both services", func() bool {
		out, err := shell(t, dir, binary+" events -n=99 -jq '[.data.events[]|select(.event==\"service.ready\")]|length'")
		return err == nil && strings.TrimSpace(out) == "2"
	})
	time.Sleep(3 * time.Second) // some hundred orphans
	if n := zombies(t, container.Process.Pid); n > 20 {
		t.Errorf("%d zombies", n)
	}
	if err := container.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-waited:
		if err != nil {
			t.Errorf("SIGTERM: %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("it does not end on SIGTERM")
	}
}

func useOrphaningUpstream(t *testing.T, dir string) {
	t.Helper()
	script := filepath.Join(dir, "upstream.sh")
	if err := os.WriteFile(script, []byte(orphaning), 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "config", "flowgate.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(string(text), "cliproxyapi_plus:")
	_, port, _ = strings.Cut(port, "port: ")
	port, _, _ = strings.Cut(port, "\n")
	changed := strings.Replace(string(text), "runtime: echo",
		"runtime: command\n    readiness_path: /healthz\n    command: {args: ["+script+", "+strconv.Quote(port)+"]}", 1)
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil || changed == string(text) {
		t.Fatal(err, string(text))
	}
}

// zombies are the children of a process, and of its children, that were not reaped.
func zombies(t *testing.T, of int) (n int) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	family := map[string]bool{strconv.Itoa(of): true}
	for range 2 {
		n = 0
		for _, path := range stats {
			raw, _ := os.ReadFile(path)
			text := string(raw)
			fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
			if len(fields) < 2 || !family[fields[1]] {
				continue
			}
			family[filepath.Base(filepath.Dir(path))] = true
			if fields[0] == "Z" {
				n++
			}
		}
	}
	return n
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not within 30 s: ", what)
		}
	}
}
