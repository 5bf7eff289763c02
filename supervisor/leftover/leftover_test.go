package leftover_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/flowgate-go/flowgate/supervisor/leftover"
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

// TestThePIDFileOfALivingProcessIsNeverRemoved is about all forms in which the
// Python tool and others write such files.
func TestThePIDFileOfALivingProcessIsNeverRemoved(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	alive, gone := supervisortest.Sleeper(t).PID, 1<<22+1 // above the highest number that Linux gives
	for name, c := range map[string]struct {
		text string
		kept bool
	}{
		"plain": {fmt.Sprint(alive), true},
		"json": {fmt.Sprintf(`{"pid": %d, "service": "litellm", "started_at": 1764400000.5, "port": 4000}`, alive),
			true},
		"jsontext":   {fmt.Sprintf("{\n  \"pid\": \"%d\"\n}\n", alive), true},
		"lines":      {fmt.Sprintf("%d\n/usr/bin/litellm\n4000\n", alive), true},
		"assignment": {fmt.Sprintf("pid=%d", alive), true},
		"array":      {fmt.Sprintf("[%d]", alive), true},
		"stale":      {fmt.Sprint(gone), false},
		"stalejson":  {fmt.Sprintf(`{"pid": %d, "parent": %d}`, gone, os.Getpid()), false},
		"empty":      {"", false},
	} {
		s.Put(filepath.Join("pids", name+".pid"), c.text)
		path := filepath.Join(s.Config.Paths.RuntimeDir, "pids", name+".pid")
		if _, err := leftover.RemoveStale(t.Context(), s.Config); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); (err == nil) != c.kept {
			t.Errorf("%s: %v", name, err)
		}
		claims := leftover.Inspect(s.Config).Foreign
		_ = os.Remove(path)
		if (len(claims) == 1) != c.kept || c.kept && (claims[0].PID != alive || claims[0].Service != name) {
			t.Errorf("%s: %+v", name, claims)
		}
	}
}
