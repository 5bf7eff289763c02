package autostart_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/autostart"
)

func TestSystemdAcceptsTheUnit(t *testing.T) {
	t.Parallel()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("no systemd-analyze on PATH")
	}
	o, _ := options(t, "linux")
	u, err := autostart.Install(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), analyze, "--user", "verify", u.File)
	cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+t.TempDir(), "HOME="+o.Home)
	if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), u.Name+":") {
		t.Errorf("%v: %s", err, out)
	}
}
