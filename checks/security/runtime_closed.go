package security

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/trust"
)

func (s *audit) runtimeClosed() checks.Check {
	return checks.Check{
		ID: "runtime.closed", Title: "Nothing leads out of the runtime folder",
		Run: func(context.Context) checks.Outcome {
			if s.cfg == nil {
				return s.skippedWithoutConfig()
			}
			root := s.cfg.Paths.Root()
			if _, err := os.Stat(root); err != nil {
				return checks.Skipped("there is no %s", s.shortPath(root))
			}
			real, err := filepath.EvalSymlinks(root)
			if err != nil {
				return checks.Failed("%v", err)
			}
			var outward []string
			err = s.walkRuntimeFolder(func(path string, info fs.FileInfo) {
				if s.toleratedMode(path) == 0 && leadsOutside(real, path, info) {
					outward = append(outward, path)
				}
			})
			switch {
			case err != nil:
				return checks.Failed("%v", err)
			case len(outward) > 0:
				return checks.Failed("").
					WithDetail(filesDetail{joinNames(outward) + ": also reached from outside the runtime folder", outward}).
					WithFix("", "replace each by a copy of its own")
			}
			return checks.Passed(nil)
		},
	}
}

// leadsOutside reports whether a file in the folder root is a link out of it, or has
// another name (a hard link), which may lie anywhere.
func leadsOutside(root, path string, info fs.FileInfo) bool {
	if info.Mode()&fs.ModeSymlink == 0 {
		st, ok := info.Sys().(*syscall.Stat_t)
		return ok && info.Mode().IsRegular() && st.Nlink > 1
	}
	to, err := filepath.EvalSymlinks(path)
	return err == nil && !trust.IsWithin(to, root) // a broken link leads to no file
}
