package drill

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// fillDisk fills the disk that mountDisk gave the stack.
func fillDisk(ctx context.Context, s *stack) error {
	fill := filepath.Join(s.cfg.Paths.RuntimeDir, "fill")
	file, err := os.OpenFile(fill, os.O_CREATE|os.O_WRONLY, 0o600)
	for block := make([]byte, 1<<16); err == nil; {
		_, err = file.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		return err
	}
	_ = file.Close()
	s.noteStep("the disk is full")
	router, err := s.routerStatus(ctx)
	if err != nil {
		return err
	}
	err = errors.Join(s.expectComplaint(ctx, false, "folder.space", "0 MB are free"), s.expectServing(ctx))
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
	if err := os.Remove(fill); err != nil {
		return err
	}
	return s.expectServing(ctx)
}

// mountDisk gives the runtime folder a disk of its own in memory, which only root
// may. The files of the profile move to it.
func mountDisk(s *stack) error {
	saved := map[string][]byte{}
	for _, path := range []string{s.cfg.Paths.ActiveConfig, s.cfg.Paths.StateFile} {
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		saved[path] = raw
	}
	dir := s.cfg.Paths.RuntimeDir
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64m,mode=0700"); err != nil {
		return skipError{"a disk of its own cannot be mounted here, which only root may: " + err.Error()}
	}
	s.cleanUps = append(s.cleanUps, func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	for path, raw := range saved {
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			return err
		}
	}
	return nil
}
