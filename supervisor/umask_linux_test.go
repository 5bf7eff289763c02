package supervisor_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestWhatServicesWriteIsForTheirUserAlone(t *testing.T) {
	t.Parallel()
	s := newStack(t, trivial(t, "a"))
	pid := s.mustStart().Services[0].PID
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil || !strings.Contains(string(status), "\nUmask:\t0077\n") {
		t.Errorf("%v: %.60s", err, status)
	}
}
