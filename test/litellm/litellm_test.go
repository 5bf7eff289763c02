package litellm_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/subprocess"
	"github.com/flowgate-go/flowgate/test/litellm"
)

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

func TestTheEnvironmentHoldsThePinnedVersion(t *testing.T) {
	t.Parallel()
	required(t)
	bin, err := litellm.Venv(t.Context(), litellm.Options{Progress: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := subprocess.Command(ctx, bin, "--version")
	cmd.Dir, cmd.Env = t.TempDir(), append(os.Environ(), "LITELLM_LOCAL_MODEL_COST_MAP=True")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), litellm.Version) {
		t.Errorf("litellm --version: %v\n%s", err, subprocess.Tail(out, 1<<10))
	}
	if again, err := litellm.Venv(t.Context(), litellm.Options{}); err != nil || again != bin {
		t.Errorf("the second call gives %q, %v", again, err)
	}
}

// required skips a test that needs the real LiteLLM where nobody asked for it.
func required(t *testing.T) {
	t.Helper()
	if os.Getenv("FLOWGATE_REQUIRE_LITELLM") != "1" {
		t.Skip("the real LiteLLM is not installed: set FLOWGATE_REQUIRE_LITELLM=1 (needs uv or python3, and 740 MB from the " +
			"package index once)")
	}
	if missing := litellm.Missing(t.Context()); missing != "" {
		t.Fatalf("%s is not on PATH and FLOWGATE_REQUIRE_LITELLM is 1", missing)
	}
}
