package doctor_test

import (
	"os"
	"syscall"
)

// readOnly mounts the runtime folder read-only over itself, which takes root;
// for other users the mode is enough.
func readOnly(s *stack) func() {
	dir := s.path(".router/runtime")
	if os.Geteuid() != 0 {
		s.shell("chmod 500 " + dir)
		return func() { s.shell("chmod 700 " + dir) }
	}
	s.mount(dir, dir, "", syscall.MS_BIND)
	s.mount(dir, dir, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY)
	return func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }
}

// smallDisk puts the runtime folder on a file system of its own.
func smallDisk(s *stack) func() {
	dir := s.path(".router/runtime")
	text := s.read(".router/runtime/litellm.active.yaml")
	state := s.read(".router/runtime/state.json")
	s.mount("tmpfs", dir, "tmpfs", 0)
	s.shell("chmod 700 " + dir + " && mkdir -m 700 " + dir + "/process-logs")
	s.write(".router/runtime/litellm.active.yaml", text)
	s.write(".router/runtime/state.json", state)
	return func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }
}

func (s *stack) mount(from, to, kind string, flags uintptr) {
	s.t.Helper()
	options := ""
	if kind == "tmpfs" {
		options = "size=20m"
	}
	if err := syscall.Mount(from, to, kind, flags, options); err != nil {
		s.t.Skipf("SKIPPED: a file system cannot be mounted here: %v", err)
	}
	s.t.Cleanup(func() { _ = syscall.Unmount(to, syscall.MNT_DETACH) })
}
