//go:build linux

package script_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/rightstest"
)

// newSmallDisk returns a folder on a file system of its own, with a running stack in it.
func newSmallDisk(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	rightstest.SmallDisk(t, dir, "512k")
	t.Cleanup(func() { _, _ = shell(t, dir, binary+" stop") })
	for _, command := range []string{" init " + freePorts(t), " start", " profile:set cost"} {
		if out, err := shell(t, dir, binary+command); err != nil {
			t.Fatalf("%s: %v: %s", command, err, out)
		}
	}
	return dir
}

func TestADiskThatGetsFullInTheMiddleOfAnInstallationLeavesNothing(t *testing.T) {
	t.Parallel()
	if !rightstest.Mount(t) {
		return
	}
	dir := newSmallDisk(t)
	big := filepath.Join(t.TempDir(), "proxy")
	if err := os.WriteFile(big, append([]byte("#!/bin/sh\nexit\n"), make([]byte, 1<<20)...), 0o700); err != nil {
		t.Fatal(err)
	}
	out, err := shell(t, dir, binary+" bootstrap cliproxyapi -version=1.0.0 -from="+big)
	if err == nil || !strings.Contains(out, "no space left on device") ||
		!strings.Contains(out, `"code":"unpack-failed"`) {
		t.Errorf("%v: %s", err, out)
	}
	left, _ := filepath.Glob(filepath.Join(dir, ".router/store/cliproxyapi/[^.]*"))
	if hidden, _ := filepath.Glob(filepath.Join(dir, ".router/store/cliproxyapi/.new*")); len(left)+len(hidden) > 0 {
		t.Errorf("left: %v %v", left, hidden)
	}
	if out, err := shell(t, dir, binary+" health -jq .ok"); err != nil || out != "true\n" {
		t.Errorf("the services did not go on: %v: %s", err, out)
	}
}

func TestARollbackOnAFullDiskChangesNothing(t *testing.T) {
	t.Parallel()
	if !rightstest.Mount(t) {
		return
	}
	dir := newSmallDisk(t)
	before, err := os.ReadFile(filepath.Join(dir, ".router/runtime/litellm.active.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	_ = os.WriteFile(filepath.Join(dir, "fill"), make([]byte, 1<<20), 0o600) // fails when nothing is left
	out, err := shell(t, dir, binary+" rollback")
	if err == nil || !strings.Contains(out, "no space left on device") || strings.Contains(out, `"internal"`) {
		t.Errorf("%v: %s", err, out)
	}
	after, err := os.ReadFile(filepath.Join(dir, ".router/runtime/litellm.active.yaml"))
	if err != nil || string(after) != string(before) {
		t.Errorf("the router's configuration was changed (%v)", err)
	}
	if out, err := shell(t, dir, binary+" health -jq .ok"); err != nil || out != "true\n" {
		t.Errorf("the services did not go on: %v: %s", err, out)
	}
	if err := os.Remove(filepath.Join(dir, "fill")); err != nil {
		t.Fatal(err)
	}
	if out, err := shell(t, dir, binary+" rollback -jq .data.current"); err != nil || out != "1\n" {
		t.Errorf("with room again: %v: %s", err, out)
	}
}

func TestAFullDiskIsOneClearErrorAndChangesNothing(t *testing.T) {
	t.Parallel()
	if !rightstest.Mount(t) {
		return
	}
	dir := t.TempDir()
	rightstest.SmallDisk(t, dir, "256k")
	for _, command := range []string{" init " + freePorts(t), " start"} {
		if out, err := shell(t, dir, binary+command); err != nil {
			t.Fatalf("%s: %v: %s", command, err, out)
		}
	}
	t.Cleanup(func() { _, _ = shell(t, dir, binary+" stop") })
	before, err := os.ReadFile(filepath.Join(dir, ".router/runtime/litellm.active.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	_ = os.WriteFile(filepath.Join(dir, "fill"), make([]byte, 1<<20), 0o600) // fails when nothing is left
	out, err := shell(t, dir, binary+" profile:set cost")
	if err == nil || !strings.Contains(out, "no space left on device") ||
		!strings.Contains(out, `"code":"runtime-dir-unwritable"`) {
		t.Errorf("profile:set on a full disk: %v: %s", err, out)
	}
	after, err := os.ReadFile(filepath.Join(dir, ".router/runtime/litellm.active.yaml"))
	if err != nil || string(after) != string(before) {
		t.Errorf("the router's configuration was changed (%v)", err)
	}
	if out, err := shell(t, dir, binary+" health -jq .ok"); err != nil || out != "true\n" {
		t.Errorf("the services did not go on: %v: %s", err, out)
	}
}
