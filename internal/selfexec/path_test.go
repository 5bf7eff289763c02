package selfexec_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/flowgate-go/flowgate/internal/selfexec"
)

func TestSelfRunsThisProgramEvenAfterItsFileWasReplaced(t *testing.T) {
	t.Parallel()
	copied := filepath.Join(t.TempDir(), "program")
	// cp, since a file that we wrote ourselves may still be open in a child forked meanwhile.
	if out, err := exec.Command("cp", selfexec.Path(), copied).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.Command(copied)
	cmd.Env = append(os.Environ(), "PROCESS_TEST_REPLACE="+copied)
	out, err := cmd.CombinedOutput()
	if err != nil || string(out) != "second life\n" {
		t.Errorf("a replaced program ran itself as %q, %v", out, err)
	}
}
