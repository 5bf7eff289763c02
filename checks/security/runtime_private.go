package security

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// toleratedMode returns the permissions that other users may have on a file in the
// runtime folder: none, except on installed programs, which are public.
func (s *audit) toleratedMode(path string) fs.FileMode {
	if trust.IsWithin(path, filepath.Join(s.cfg.Paths.Root(), "store")) {
		return 0o055
	}
	return 0
}

// walkRuntimeFolder calls visit for every file and folder in the runtime folder.
func (s *audit) walkRuntimeFolder(visit func(path string, info fs.FileInfo)) error {
	return filepath.WalkDir(s.cfg.Paths.Root(), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a service that runs makes and removes files
		}
		if err != nil {
			return err
		}
		if info, err := d.Info(); err == nil {
			visit(path, info)
		}
		return nil
	})
}

func (s *audit) runtimePrivate() checks.Check {
	return checks.Check{
		ID: "runtime.private", Title: "No other user can use files in the runtime folder",
		Run: func(context.Context) checks.Outcome {
			open, foreign, err := s.findExposed()
			switch {
			case s.cfg == nil:
				return s.skippedWithoutConfig()
			case errors.Is(err, fs.ErrNotExist):
				return checks.Skipped("there is no %s", s.shortPath(s.cfg.Paths.Root()))
			case err != nil:
				return checks.Failed("%v", err)
			case len(foreign) > 0:
				return checks.Failed("").
					WithDetail(filesDetail{joinNames(foreign) + " belong to another user", foreign}).
					WithFix("", "chown them, or move the folder to one of your own")
			case len(open) > 0:
				return checks.Failed("").
					WithDetail(filesDetail{"others may use " + joinNames(open), open}).
					WithFix("mage security-check -fix", "keep other users out")
			}
			return checks.Passed(nil)
		},
		Mend: func(context.Context) ([]string, error) { return s.closeExposed() },
	}
}

// closeExposed takes the permissions of other users away from what findExposed finds, and
// returns a line for each file that it changed.
func (s *audit) closeExposed() (done []string, err error) {
	open, _, err := s.findExposed()
	if s.options.Untrusted != "" || !trust.IsWithin(s.cfg.Paths.Root(), trust.Folder(s.cfg)) {
		return nil, err // -fix touches nothing outside of the installation's own folder
	}
	for _, path := range open {
		info, statErr := os.Lstat(path)
		if statErr != nil {
			continue
		}
		mode := info.Mode().Perm() &^ (0o077 &^ s.toleratedMode(path))
		if err := os.Chmod(path, mode); err != nil {
			return done, err
		}
		done = append(done, fmt.Sprintf("gave %s mode %04o", s.shortPath(path), mode))
	}
	return done, err
}

// findExposed returns the files in the runtime folder that other users can use, and the
// files that another user owns.
func (s *audit) findExposed() (open, foreign []string, err error) {
	if s.cfg == nil {
		return nil, nil, nil
	}
	if _, err := os.Stat(s.cfg.Paths.Root()); err != nil {
		return nil, nil, err
	}
	err = s.walkRuntimeFolder(func(path string, info fs.FileInfo) {
		st, known := info.Sys().(*syscall.Stat_t)
		switch {
		case info.Mode()&fs.ModeSymlink != 0: // runtime.closed looks where it leads
		case known && int(st.Uid) != os.Geteuid():
			foreign = append(foreign, path)
		case info.Mode().Perm()&0o077&^s.toleratedMode(path) != 0:
			open = append(open, path)
		}
	})
	return open, foreign, err
}
