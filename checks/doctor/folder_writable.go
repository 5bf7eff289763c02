package doctor

import (
	"context"
	"errors"
	"os"

	"github.com/flowgate-go/flowgate/checks"
)

func (s *subject) folderWritable() checks.Check {
	return checks.Check{
		ID: "folder.writable", Title: "The runtime folder can be written", Needs: []string{"config.valid"}, After: []string{"folder.present", "folder.private"},
		About: "Writes one byte into a new file in the runtime folder and removes it. A read-only file system, wrong permissions and a full disk all show here; services go on without their logs then, but nothing can be started or changed.",
		Run: func(context.Context) checks.Outcome {
			dir := s.cfg.Paths.RuntimeDir
			if !exists(dir) {
				return checks.Skipped("%s does not exist yet", s.shown(dir))
			}
			probe, err := os.CreateTemp(dir, ".write-*")
			if err == nil {
				_, err = probe.Write([]byte{'\n'}) // a full disk still takes an empty file
				err = errors.Join(err, probe.Close(), os.Remove(probe.Name()))
			}
			if err != nil {
				return checks.Failed("%s cannot be written: %v", s.shown(dir), bare(err)).
					WithFix("df -h "+quoted(s.shown(dir)), "free space, make the folder writable, or set paths.runtime_dir to another one")
			}
			return checks.Passed(nil)
		},
	}
}
