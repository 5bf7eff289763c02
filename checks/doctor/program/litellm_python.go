package program

import (
	"context"
	"errors"
	"os/exec"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

func litellmPython(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "litellm.python", Title: "LiteLLM has a Python that it runs on",
		Needs: []string{"config.valid"}, Timeout: subject.Patience, Active: true,
		Run: func(ctx context.Context) checks.Outcome {
			_, bin, ok := findLiteLLM(s)
			if !ok {
				return checks.Skipped("the router is not LiteLLM")
			}
			path, err := findPython(bin)
			if errors.Is(err, errLauncher) {
				return checks.Skipped("%s is not a Python script: which Python it starts cannot be told", s.ShortPath(bin))
			}
			if err != nil {
				return checks.Failed("there is no python3 on PATH, and LiteLLM is a Python program").
					WithFix("", "install Python 3.10 to 3.14, or choose runtime: embedded, which needs none")
			}
			ctx, cancel := context.WithTimeout(ctx, subject.Patience-subject.Patience/10)
			defer cancel()
			found := pythonInstall{Path: path, Version: pythonVersion(ctx, path)}
			found.UV, _ = exec.LookPath("uv")
			switch {
			case found.Version == "" && ctx.Err() != nil:
				return checks.Skipped("%s did not say its version in time", path)
			case found.Version == "":
				return checks.Failed("the Python of LiteLLM, %s, does not run", path).
					WithFix("", "install LiteLLM again: its virtual environment has lost its Python")
			case !isSupportedPython(found.Version):
				return checks.Failed("LiteLLM needs Python 3.10 to 3.14, and %s is %s", path, found.Version).
					WithFix("", "make its virtual environment with another Python")
			}
			return checks.Passed(found)
		},
	}
}
