package subprocess_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/subprocess"
)

// TestAnIsolatedProgramSeesNothingOfTheFolder runs in a folder whose Python
// modules would be imported by an interpreter that looks there.
func TestAnIsolatedProgramSeesNothingOfTheFolder(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	dir := t.TempDir()
	for _, name := range []string{"platform.py", "venv.py", "pip.py", "sitecustomize.py"} {
		text := "open(" + "'" + filepath.Join(dir, "fired") + "', 'w').write('" + name + "')\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	t.Setenv("PYTHONPATH", dir)
	t.Setenv("PYTHONSTARTUP", filepath.Join(dir, "platform.py"))
	t.Setenv("SOME_TOKEN", "sk-secret")
	t.Setenv("PIP_INDEX_URL", "https://index.example")
	const script = "import os, platform, venv; print(os.getcwd(), os.environ.get('SOME_TOKEN'), " +
		"os.environ.get('PIP_INDEX_URL'))"
	out, err := subprocess.Python(t.Context(), python, "-c", script).CombinedOutput()
	if want := "/ None https://index.example"; err != nil || strings.TrimSpace(string(out)) != want {
		t.Errorf("%s, %v; want %s", out, err, want)
	}
	if out, err := subprocess.Python(t.Context(), python, "-m", "venv", "-h").CombinedOutput(); err != nil {
		t.Errorf("-m venv: %s, %v", out, err)
	}
	if fired, err := os.ReadFile(filepath.Join(dir, "fired")); err == nil {
		t.Errorf("%s of the working folder was imported", fired)
	}
	out, err = subprocess.IsolatedCommand(t.Context(), nil, "sh", "-c", "pwd; echo ${PIP_INDEX_URL-none}").Output()
	if err != nil || string(out) != "/\nnone\n" {
		t.Errorf("%q, %v", out, err)
	}
}
