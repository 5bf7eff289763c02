package doctor

import (
	"bufio"
	"context"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	execute "github.com/flowgate-go/flowgate/internal/program" // the package has a type program
	"github.com/flowgate-go/flowgate/internal/regular"
)

// Python versions that LiteLLM 1.106 takes (its metadata: >=3.10,<3.15).
const (
	oldestPython = 10
	tooNewPython = 15
)

// python is the interpreter of a LiteLLM.
type python struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	UV      string `json:"uv,omitempty"` // uv on PATH, which installs LiteLLM faster than pip
}

// litellm is the service that runs LiteLLM from a virtual environment, with the
// path of that program; false when the router is something else.
func (s *subject) litellm() (config.Service, string, bool) {
	svc, ok := s.cfg.Service(config.LiteLLM)
	if !ok || svc.Runtime == config.RuntimeEmbedded {
		return svc, "", false
	}
	spec, err := s.command(svc)
	if err != nil {
		return svc, "", svc.Runtime == config.RuntimeLiteLLM
	}
	return svc, spec.Args[0], svc.Runtime == config.RuntimeLiteLLM || filepath.Base(spec.Args[0]) == "litellm"
}

// interpreter is what the first line of a script names; without a script, the
// python3 on PATH.
func interpreter(script string) (string, error) {
	if f, err := regular.Open(script); err == nil {
		defer func() { _ = f.Close() }()
		line, _ := bufio.NewReaderSize(f, 256).ReadString('\n')
		words := strings.Fields(strings.TrimPrefix(line, "#!"))
		if strings.HasPrefix(line, "#!") && len(words) > 0 && !strings.HasSuffix(words[0], "/env") {
			return words[0], nil
		}
	}
	return exec.LookPath("python3")
}

// pythonVersion is "3.11.7" for a virtual environment, from its pyvenv.cfg, or
// else what the interpreter says.
func pythonVersion(ctx context.Context, path string) string {
	text, err := regular.Read(filepath.Join(filepath.Dir(filepath.Dir(path)), "pyvenv.cfg"), regular.Word)
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, "=")
		if key = strings.TrimSpace(key); err == nil && (key == "version" || key == "version_info") {
			return strings.TrimSpace(value)
		}
	}
	if !filepath.IsAbs(path) { // it would be looked for in the folder that people work in
		return ""
	}
	cmd := execute.Python(ctx, path, "-c", "import platform; print(platform.python_version())")
	cmd.WaitDelay = grace // a wrapper's child may keep the pipe open
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// takes reports whether LiteLLM runs on that Python.
func takes(version string) bool {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(minor)
	return major == "3" && err == nil && n >= oldestPython && n < tooNewPython
}
