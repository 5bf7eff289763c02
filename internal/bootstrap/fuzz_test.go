package bootstrap_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/bootstrap"
)

// FuzzChecksum: whatever a checksums.txt holds, a digest is 64 digits of a line
// that names the file.
func FuzzChecksum(f *testing.F) {
	f.Add(strings.Repeat("0a", 32)+"  a.tar.gz\n", "a.tar.gz")
	f.Add(strings.Repeat("0A", 32)+" *a.tar.gz\r\n", "a.tar.gz")
	f.Add("<html>404</html>", "a.tar.gz")
	f.Fuzz(func(t *testing.T, text, name string) {
		sum, ok := bootstrap.Checksum(text, name)
		if ok && (len(sum) != 64 || strings.Trim(sum, "0123456789abcdef") != "" || !strings.Contains(text, name)) {
			t.Errorf("%q", sum)
		}
	})
}

func TestWhatPipAndUvPrintIsRead(t *testing.T) {
	t.Parallel()
	for out, want := range map[string]string{
		"WARNING: x\nlitellm (1.110.2)\nAvailable versions: 1.110.2, 1.110.1\n": "1.110.2",
		"litellm==1.109.0\n":   "1.109.0",
		"ERROR: No matching\n": "",
		"":                     "",
	} {
		if got := bootstrap.LatestIn(out); got != want {
			t.Errorf("%q: %q", out, got)
		}
	}
	for name, want := range map[string]string{"CLIProxyAPI_6.9.1-plus_linux_amd64.tar.gz": "6.9.1-plus",
		"x.tar.gz": "local", "a_b_c_d": "local"} {
		if got := bootstrap.VersionInName(name); got != want {
			t.Errorf("%q: %q", name, got)
		}
	}
}
