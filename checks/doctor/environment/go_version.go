package environment

import (
	"context"
	"go/version"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// minGoVersion is the go line of go.mod.
const minGoVersion = "go1.26"

// goInstall describes the Go on PATH, and the one that built this program.
type goInstall struct {
	checks.Note
	Built string `json:"built_with"`
	Path  string `json:"path,omitempty"` // of go on PATH
	Found string `json:"version,omitempty"`
}

func goVersion(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "environment.go", Title: "Go is new enough to build FlowGate",
		Run: func(context.Context) checks.Outcome {
			found := goInstall{Built: runtime.Version()}
			path, err := exec.LookPath("go")
			if err != nil {
				found.Text = "there is no go on PATH; the compiled binary needs none"
				return checks.Skipped("").WithDetail(found)
			}
			found.Path, found.Found = path, readGoVersion(path)
			switch {
			case !version.IsValid(found.Found):
				found.Text = "the version of " + path + " is not known"
				return checks.Skipped("").WithDetail(found)
			case version.Compare(found.Found, minGoVersion) < 0:
				found.Text = path + " is " + found.Found + ", and FlowGate is built with " + minGoVersion + " or newer"
				return checks.Warned("").WithDetail(found).WithFix("", "install a newer Go, or use the compiled binary")
			}
			return checks.Passed(found)
		},
	}
}

// readGoVersion returns the version of the Go that a go command belongs to, "" when its
// folder does not say.
func readGoVersion(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	text, err := safefile.Read(filepath.Join(filepath.Dir(filepath.Dir(path)), "VERSION"), safefile.KeyLimit)
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(text), "\n")
	name, _, _ := strings.Cut(first, " ") // "go1.26.1 X:greenteagc"
	return strings.TrimSpace(name)
}
