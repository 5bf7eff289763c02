package program

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/flowgate-go/flowgate/internal/program"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

func litellmPrisma(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "litellm.prisma", Title: "LiteLLM can tell clients that a key is missing", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			_, bin, ok := findLiteLLM(s)
			if !ok {
				return checks.Skipped("the router is not LiteLLM")
			}
			path, err := findPython(bin)
			if errors.Is(err, errLauncher) {
				return checks.Skipped("%s is not a Python script: which packages it has cannot be told", s.ShortPath(bin))
			}
			if bin == "" || err != nil {
				return checks.Skipped("LiteLLM is not installed")
			}
			packages, _ := filepath.Glob(filepath.Join(filepath.Dir(filepath.Dir(path)), "lib", "python3*", "site-packages"))
			if len(packages) == 0 {
				return checks.Skipped("%s is not in a virtual environment, so its packages cannot be listed", s.ShortPath(bin))
			}
			for _, dir := range packages {
				if subject.Exists(filepath.Join(dir, "prisma")) {
					return checks.Passed(nil)
				}
			}
			return checks.Warned("LiteLLM has no package prisma beside it, so it answers a missing key with 500, not 401").
				WithFix(program.Quote(path)+" -m pip install prisma", "install it into LiteLLM's environment")
		},
	}
}
