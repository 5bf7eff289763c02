package installation

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/flowgate-go/flowgate/internal/program"

	"golang.org/x/sys/unix"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

// Least free space in bytes, and least free inodes. Below minSpace and minInodes nothing
// can be relied on; below upgradeSpace an upgrade of LiteLLM (742 MB) does not fit.
const (
	minSpace     = 50 << 20
	upgradeSpace = 1 << 30
	minInodes    = 1000
)

// freeSpace is what is free on the disk of the runtime folder.
type freeSpace struct {
	checks.Note
	Path   string `json:"path"`
	Free   uint64 `json:"free_bytes"`
	Inodes uint64 `json:"free_inodes"`
}

func folderSpace(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "folder.space", Title: "The disk has enough free space", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			at := s.Config.Paths.RuntimeDir
			for !subject.Exists(at) && at != filepath.Dir(at) {
				at = filepath.Dir(at)
			}
			var st unix.Statfs_t
			if err := unix.Statfs(at, &st); err != nil {
				return checks.Skipped("the free space of %s is not known: %v", s.ShortPath(at), err)
			}
			// The fields' types differ by system; none of them is negative.
			free := freeSpace{Path: at, Free: uint64(st.Bavail) * uint64(st.Bsize), Inodes: uint64(st.Ffree)}
			return free.judge(st.Files > 0)
		},
	}
}

// judge returns the outcome for the free space. The inodes count only where the file
// system counts them.
func (f freeSpace) judge(counted bool) checks.Outcome {
	switch {
	case f.Free < minSpace:
		f.Text = fmt.Sprintf("only %d MB are free", f.Free>>20)
	case counted && f.Inodes < minInodes:
		f.Text = fmt.Sprintf("only %d more files fit", f.Inodes)
	case f.Free < upgradeSpace:
		f.Text = fmt.Sprintf("%d MB are free; an upgrade of a runtime needs up to 1 GB", f.Free>>20)
		return checks.Warned("").WithDetail(f).WithFix("df -h "+program.Quote(f.Path), "free some space")
	default:
		return checks.Passed(f)
	}
	return checks.Failed("").WithDetail(f).WithFix("df -h "+program.Quote(f.Path), "free some space")
}
