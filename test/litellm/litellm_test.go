package litellm_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/test/litellm"
)

func TestEveryRequirementIsPinnedAndNoneNamesAnIndex(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("requirements.txt")
	if err != nil {
		t.Fatal(err)
	}
	pin := regexp.MustCompile(`^[A-Za-z0-9._-]+==[A-Za-z0-9.]+$`)
	found := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if !pin.MatchString(line) {
			t.Errorf("%q is no pin", line)
		}
		name, _, _ := strings.Cut(line, "==")
		found[name] = true
	}
	for _, name := range []string{"litellm", "prisma", "fastapi", "uvicorn"} {
		if !found[name] {
			t.Errorf("%s is not pinned", name)
		}
	}
	if !strings.Contains(string(text), "litellm=="+litellm.Version+"\n") {
		t.Errorf("LiteLLM is not pinned to %s", litellm.Version)
	}
}

func TestACacheThatCannotBeWrittenIsAFault(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := litellm.Venv(t.Context(), litellm.Options{Cache: file})
	if err == nil || fault.From(err).Code != "cache-unwritable" {
		t.Errorf("error %v, want cache-unwritable", err)
	}
}

func TestAnInstallationThatFailsSaysWhichStepAndWhy(t *testing.T) {
	bin := t.TempDir()
	script := "#!/bin/sh\necho no such index >&2\nexit 7\n"
	if err := os.WriteFile(filepath.Join(bin, "uv"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	_, err := litellm.Venv(t.Context(), litellm.Options{Cache: t.TempDir()})
	if err == nil || fault.From(err).Code != "litellm-install-failed" {
		t.Fatalf("error %v, want litellm-install-failed", err)
	}
	for _, want := range []string{"uv venv", "no such index"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}

func TestTheEnvironmentHoldsThePinnedVersion(t *testing.T) {
	t.Parallel()
	required(t)
	bin, err := litellm.Venv(t.Context(), litellm.Options{Progress: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := program.Command(ctx, bin, "--version")
	cmd.Dir, cmd.Env = t.TempDir(), append(os.Environ(), "LITELLM_LOCAL_MODEL_COST_MAP=True")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), litellm.Version) {
		t.Errorf("litellm --version: %v\n%s", err, program.Tail(out, 1<<10))
	}
	if again, err := litellm.Venv(t.Context(), litellm.Options{}); err != nil || again != bin {
		t.Errorf("the second call gives %q, %v", again, err)
	}
}

// required skips a test that needs the real LiteLLM where nobody asked for it.
func required(t *testing.T) {
	t.Helper()
	if os.Getenv("FLOWGATE_REQUIRE_LITELLM") != "1" {
		t.Skip("the real LiteLLM is not installed: set FLOWGATE_REQUIRE_LITELLM=1 (needs uv or python3, and 740 MB from the package index once)")
	}
	if missing := litellm.Missing(t.Context()); missing != "" {
		t.Fatalf("%s is not on PATH and FLOWGATE_REQUIRE_LITELLM is 1", missing)
	}
}
