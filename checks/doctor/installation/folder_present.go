package installation

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

func folderPresent(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "folder.present", Title: "The runtime folders exist", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			for _, dir := range s.Folders() {
				info, err := os.Stat(dir)
				if err == nil && !info.IsDir() {
					return checks.Failed("%s is not a folder", s.ShortPath(dir)).
						WithFix("", "move it away, or correct paths.runtime_dir")
				}
				if err != nil && !errors.Is(err, fs.ErrNotExist) {
					return checks.Failed("%v", err).WithFix("", "make it accessible to you, or correct paths.runtime_dir")
				}
			}
			missing := findMissingFolders(s)
			switch {
			case len(missing) == 0:
				return checks.Passed(subject.PathsDetail{Paths: s.Folders()})
			case s.ConfigFile == "" && !s.WasStarted():
				return checks.Skipped("nothing was started here yet").WithFix("mage start", "start makes what it needs")
			}
			return checks.Warned("").
				WithDetail(subject.PathsDetail{Note: checks.Notef("missing: %s", s.ShortPaths(missing)), Paths: missing}).
				WithFix("mage doctor -fix", "make the folders")
		},
		Mend: func(context.Context) ([]string, error) { return makeMissingFolders(s) },
	}
}

// findMissingFolders returns the folders of the installation that do not exist.
func findMissingFolders(s *subject.Subject) []string {
	return lo.Reject(s.Folders(), func(dir string, _ int) bool { return subject.Exists(dir) })
}

// makeMissingFolders makes the missing folders inside the installation and says which.
func makeMissingFolders(s *subject.Subject) (done []string, err error) {
	for _, dir := range findMissingFolders(s) {
		if !s.OwnsPath(dir) {
			continue
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return done, err
		}
		done = append(done, "made "+s.ShortPath(dir))
	}
	return done, nil
}
