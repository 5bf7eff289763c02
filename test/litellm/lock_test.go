package litellm_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/bootstrap"
	"github.com/flowgate-go/flowgate/internal/subprocess"
	"github.com/flowgate-go/flowgate/test/litellm"
)

// TestTheLockNamesBuiltPackagesOnly asks the package index what each digest is
// of: an index must not be able to answer with a source package, which is built
// by code that no digest covers.
func TestTheLockNamesBuiltPackagesOnly(t *testing.T) {
	t.Parallel()
	required(t)
	bin, err := litellm.Venv(t.Context(), litellm.Options{Progress: t.Output()})
	check(t, err)
	script, err := os.ReadFile("testdata/digests.py")
	check(t, err)
	lock := filepath.Join(t.TempDir(), "lock.txt")
	check(t, os.WriteFile(lock, bootstrap.Requirements(bootstrap.LiteLLMVersion), 0o600))
	cmd := subprocess.Python(t.Context(), filepath.Join(filepath.Dir(bin), "python"), "-c", string(script), lock)
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	check(t, err)
	name := map[string]string{}
	for line := range strings.Lines(string(out)) {
		digest, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		name[digest] = file
	}
	digests := regexp.MustCompile("[0-9a-f]{64}").FindAllString(string(bootstrap.Requirements(bootstrap.LiteLLMVersion)),
		-1)
	if len(digests) < 1000 || len(name) < len(digests) {
		t.Fatalf("%d digests in the lock, %d of the index", len(digests), len(name))
	}
	for _, digest := range digests {
		if !strings.HasSuffix(name[digest], ".whl") {
			t.Errorf("%s is of %q", digest, name[digest])
		}
	}
}
