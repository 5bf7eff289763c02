package daemon_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

func TestWhatServicesWriteIsForTheirUserAlone(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	pid := s.MustStart().Services[0].PID
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil || !strings.Contains(string(status), "\nUmask:\t0077\n") {
		t.Errorf("%v: %.60s", err, status)
	}
}
