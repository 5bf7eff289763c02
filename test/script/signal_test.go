package script_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSmokeLeavesNothingHoweverItEnds ends a smoke run by each signal, at a
// moment when its services run, and looks for processes and folders of it.
func TestSmokeLeavesNothingHoweverItEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		signal syscall.Signal
		status int // -1: ended by the signal
	}{
		"Ctrl-C":            {syscall.SIGINT, 130},
		"SIGTERM":           {syscall.SIGTERM, 130},
		"a closed terminal": {syscall.SIGHUP, 130},
		"kill -9":           {syscall.SIGKILL, -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tmp := t.TempDir()
			smoke, out := slowSmoke(t, tmp)
			waitFor(t, "its services to run", func() bool {
				return strings.Contains(processes(t), "echo:serve") && strings.Contains(processes(t), tmp)
			})
			if err := smoke.Process.Signal(c.signal); err != nil {
				t.Fatal(err)
			}
			_ = smoke.Wait()
			if got := smoke.ProcessState.ExitCode(); got != c.status {
				t.Errorf("exit status %d, not %d", got, c.status)
			}
			waitFor(t, "its processes to end", func() bool { return !strings.Contains(processes(t), tmp) })
			waitFor(t, "its folder to go", func() bool { return len(entries(t, tmp)) == 0 })
			if c.status == 130 {
				var report struct{ Error struct{ Code string } }
				if err := json.Unmarshal(out.Bytes(), &report); err != nil || report.Error.Code != "interrupted" {
					t.Errorf("report %v: %s", err, out.String())
				}
			}
		})
	}
}

// slowSmoke starts a smoke run whose router never gets ready, so that it is
// still under way when the signal comes: its LiteLLM is a program that sleeps.
func slowSmoke(t *testing.T, tmp string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	sleeper := filepath.Join(t.TempDir(), "litellm")
	if err := os.WriteFile(sleeper, []byte("#!/bin/sh\nexec sleep 300\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := exec.Command(binary, "smoke", "-runtime=litellm")
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp, "FLOWGATE_LITELLM="+sleeper)
	cmd.Stdout = &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd, &out
}

func processes(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("ps", "-eo", "args").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func entries(t *testing.T, dir string) []os.DirEntry {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
