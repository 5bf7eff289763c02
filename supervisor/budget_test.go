package supervisor_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

// TestARestartIsOnDiskBeforeItIsUsed has each process of the service keep what
// the ledger said when it was executed: a supervisor that is killed in that moment
// must know of the restart.
func TestARestartIsOnDiskBeforeItIsUsed(t *testing.T) {
	t.Parallel()
	svc := supervisortest.Trivial(t, "a")
	svc.Restart = config.Restart{Policy: "always", Max: 9, Within: time.Hour, Backoff: time.Millisecond}
	s := supervisortest.NewStack(t, svc)
	kept := filepath.Join(s.Config.Dir, "kept")
	if err := os.Mkdir(kept, 0o700); err != nil {
		t.Fatal(err)
	}
	run := `cp "$1" "$2/$$" 2>/dev/null; shift 2; exec "$@"`
	s.Config.Services[0].Command = append([]string{"/bin/sh", "-c", run, "sh", ledger.Path(s.Config.Paths.RuntimeDir), kept},
		svc.Command...)
	s.Save()
	s.MustStart()
	for spent := 1; spent <= 4; spent++ {
		pid := s.Service("a").PID
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		supervisortest.Eventually(t, "a restart", s.IsReplaced("a", pid))
		raw, err := os.ReadFile(filepath.Join(kept, strconv.Itoa(s.Service("a").PID)))
		var seen ledger.Ledger
		if err == nil {
			err = json.Unmarshal(raw, &seen)
		}
		if err != nil || len(seen.Services) != 1 || len(seen.Services[0].Spent) != spent {
			t.Errorf("restart %d: %v: %s", spent, err, raw)
		}
	}
}
