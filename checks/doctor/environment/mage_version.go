package environment

import (
	"context"
	"debug/buildinfo"
	"os/exec"
	"path/filepath"
	"runtime/debug"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// mageModule is the path of mage's module.
const mageModule = "github.com/magefile/mage"

// mageInstall describes the mage on PATH.
type mageInstall struct {
	checks.Note
	Pinned string `json:"pinned"`          // in go.mod
	Path   string `json:"path,omitempty"`  // of mage on PATH
	Found  string `json:"found,omitempty"` // its version
}

func mageVersion(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "environment.mage", Title: "The mage on PATH has the version that FlowGate needs",
		Run: func(context.Context) checks.Outcome {
			m := mageInstall{Pinned: pinnedMage()}
			path, err := exec.LookPath("mage")
			if err != nil {
				m.Text = "there is no mage on PATH; go tool mage and the compiled binary need none"
				return checks.Skipped("").WithDetail(m)
			}
			m.Path = path
			if real, err := filepath.EvalSymlinks(path); err == nil {
				path = real
			}
			info, err := readBuildInfo(path)
			if err != nil || info.Main.Path != mageModule {
				// It is this program under that name, or a wrapper.
				m.Text = m.Path + " is not mage itself, so its version is not known"
				return checks.Skipped("").WithDetail(m)
			}
			m.Found = info.Main.Version
			switch {
			case m.Pinned == "" || m.Found == "(devel)":
				m.Text = "the version that FlowGate needs, or that of " + m.Path + ", is not known"
				return checks.Skipped("").WithDetail(m)
			case m.Found != m.Pinned:
				m.Text = m.Path + " is mage " + m.Found + ", and FlowGate is made with " + m.Pinned
				return checks.Warned("").
					WithDetail(m).
					WithFix("go install "+mageModule+"@"+m.Pinned, "install that version, or type go tool mage")
			}
			return checks.Passed(m)
		},
	}
}

// readBuildInfo returns the build information of a program, which must be a regular file.
func readBuildInfo(path string) (*buildinfo.BuildInfo, error) {
	f, err := safefile.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return buildinfo.Read(f)
}

// pinnedMage returns the version of mage that this program is linked with.
func pinnedMage() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, dep := range info.Deps {
		if dep.Path == mageModule {
			return dep.Version
		}
	}
	return ""
}
