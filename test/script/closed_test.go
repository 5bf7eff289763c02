package script_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/rightstest"
)

// TestAnUnreadableFileIsOneClearError closes what a stack reads, one after the other.
func TestAnUnreadableFileIsOneClearError(t *testing.T) {
	t.Parallel()
	if !rightstest.Ordinary(t) {
		return
	}
	dir := t.TempDir()
	for _, command := range []string{" init " + freePorts(t), " start", " profile:set cost", " stop"} {
		if out, err := shell(t, dir, binary+command); err != nil {
			t.Fatalf("%s: %v: %s", command, err, out)
		}
	}
	for _, c := range []struct{ path, command, code string }{
		{"config/flowgate.yaml", "config:validate", "config-unreadable"},
		{"config/flowgate.yaml", "start", "config-unreadable"},
		{"config/flowgate.yaml", "doctor", "config-unreadable"},
		{".router/secrets/upstream.key", "start", "credential-missing"},
		{".router/secrets", "start", "credential-missing"},
		{".router/runtime", "start", "supervisor-unreachable"},
		{".router/runtime", "status", "supervisor-unreachable"},
		{".router/runtime/state.json", "start", "write-failed"},
		{".router/runtime/litellm.active.yaml", "start", "write-failed"},
		{".router/runtime/events.log", "events", "log-unreadable"},
		{".router/generations", "rollback", "generation-unreadable"},
		{".router/auths", "auth:list", "auth-dir-unreadable"},
	} {
		path := filepath.Join(dir, c.path)
		before, err := os.Stat(path)
		if err == nil {
			err = os.Chmod(path, 0)
		}
		if err != nil {
			t.Fatal(err)
		}
		out, err := shell(t, dir, binary+" "+c.command+" -jq '.error|.code,.message'")
		if err == nil || !strings.HasPrefix(out, `"`+c.code+`"`) || !strings.Contains(out, "permission denied") ||
			!strings.Contains(out, c.path) {
			t.Errorf("%s, with %s closed: %v: %s", c.command, c.path, err, out)
		}
		if err := os.Chmod(path, before.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _, _ = shell(t, dir, binary+" stop") })
	if out, err := shell(t, dir, binary+" start -jq .ok"); err != nil || out != "true\n" {
		t.Errorf("with everything open again: %v: %s", err, out)
	}
}
