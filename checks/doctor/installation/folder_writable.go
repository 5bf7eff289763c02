package installation

import (
	"context"
	"errors"
	"os"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/trust"
)

func folderWritable(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "folder.writable", Title: "The runtime folder can be written",
		Needs: []string{"config.valid"}, After: []string{"folder.present", "folder.private"}, Active: true,
		Run: func(context.Context) checks.Outcome {
			dir := s.Config.Paths.RuntimeDir
			if !subject.Exists(dir) {
				return checks.Skipped("%s does not exist yet", s.ShortPath(dir))
			}
			if err := trust.CheckOwner(dir); err != nil { // root could write into it
				return checks.Skipped("%v", err)
			}
			probe, err := os.CreateTemp(dir, ".write-*")
			if err == nil {
				_, err = probe.Write([]byte{'\n'}) // a full disk still takes an empty file
				err = errors.Join(err, probe.Close(), os.Remove(probe.Name()))
			}
			if err != nil {
				return checks.Failed("%s cannot be written: %v", s.ShortPath(dir), subject.WithoutPath(err)).
					WithFix("df -h "+program.Quote(s.ShortPath(dir)), "free space, make the folder writable, or set "+
						"paths.runtime_dir to another one")
			}
			return checks.Passed(nil)
		},
	}
}
