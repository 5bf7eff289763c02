package program

import (
	"bufio"
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/subprocess"
)

// Python versions that LiteLLM 1.106 runs on: 3.minPythonMinor or newer, below
// 3.endPythonMinor (its metadata: >=3.10,<3.15).
const (
	minPythonMinor = 10
	endPythonMinor = 15
)

// pythonInstall is the interpreter of a LiteLLM.
type pythonInstall struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	UV      string `json:"uv,omitempty"` // uv on PATH, which installs LiteLLM faster than pip
}

// findLiteLLM returns the service that runs LiteLLM, with the path of its program, which
// is "" when it is not known; false when the router is something else.
func findLiteLLM(s *subject.Subject) (config.Service, string, bool) {
	svc, ok := s.Config.Service(config.LiteLLM)
	if !ok || svc.Runtime == config.RuntimeEmbedded {
		return svc, "", false
	}
	spec, err := s.Command(svc)
	if err != nil {
		return svc, "", svc.Runtime == config.RuntimeLiteLLM
	}
	return svc, spec.Args[0], svc.Runtime == config.RuntimeLiteLLM || filepath.Base(spec.Args[0]) == "litellm"
}

// errLauncher is returned for a script in another language, which may start any Python.
var errLauncher = errors.New("a script that is not Python starts LiteLLM")

// findPython returns the Python that runs a script: the one that its first line names, or
// python3 on PATH when that line names it through env or there is no script. For a script
// in another language it returns the Python beside it in a virtual environment (pip and
// uv write such launchers where the path is long or the environment can be moved), else
// errLauncher.
func findPython(script string) (string, error) {
	words := readShebang(script)
	switch {
	case len(words) == 0, len(words) > 1 && filepath.Base(words[0]) == "env" && isPython(words[1]):
		return exec.LookPath("python3")
	case isPython(words[0]):
		return words[0], nil
	}
	bin := filepath.Dir(script)
	if beside := filepath.Join(bin, "python"); subject.Exists(beside) &&
		subject.Exists(filepath.Join(filepath.Dir(bin), "pyvenv.cfg")) {
		return beside, nil
	}
	return "", errLauncher
}

// readShebang returns the words of a script's first line after #!; nil when it has none.
func readShebang(script string) []string {
	f, err := safefile.Open(script)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }()
	line, _ := bufio.NewReaderSize(f, 256).ReadString('\n')
	rest, ok := strings.CutPrefix(line, "#!")
	if !ok {
		return nil
	}
	return strings.Fields(rest)
}

// isPython reports whether the name of a program is that of a Python: python3.12, pypy3.
func isPython(program string) bool {
	name := filepath.Base(program)
	return strings.HasPrefix(name, "python") || strings.HasPrefix(name, "pypy")
}

// pythonVersion returns a version such as "3.11.7": from the pyvenv.cfg of a virtual
// environment, else from the interpreter itself; "" when neither says it.
func pythonVersion(ctx context.Context, path string) string {
	text, err := safefile.Read(filepath.Join(filepath.Dir(filepath.Dir(path)), "pyvenv.cfg"), safefile.KeyLimit)
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, "=")
		if key = strings.TrimSpace(key); err == nil && (key == "version" || key == "version_info") {
			return strings.TrimSpace(value)
		}
	}
	if !filepath.IsAbs(path) { // it would be looked for in the folder that people work in
		return ""
	}
	cmd := subprocess.Python(ctx, path, "-c", "import platform; print(platform.python_version())")
	cmd.WaitDelay = subject.Grace // a wrapper's child may keep the pipe open
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// isSupportedPython reports whether LiteLLM runs on that Python.
func isSupportedPython(version string) bool {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(minor)
	return major == "3" && err == nil && n >= minPythonMinor && n < endPythonMinor
}
