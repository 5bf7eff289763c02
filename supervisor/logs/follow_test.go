package logs_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/logfile"
	"github.com/flowgate-go/flowgate/supervisor/logs"
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

// TestAFollowerOfTenBusyLogsLosesNoLine follows ten services that each write a
// megabyte a second, while the supervisor cuts each of their logs once.
func TestAFollowerOfTenBusyLogsLosesNoLine(t *testing.T) {
	t.Parallel()
	const megabytes, line = 3, 128
	const each = megabytes << 20 / line
	begin := filepath.Join(t.TempDir(), "begin")
	var services []config.Service
	for i := range 10 {
		services = append(services, supervisortest.Trivial(t, "s"+strconv.Itoa(i), "-flood="+strconv.Itoa(megabytes), "-rate=1", "-line="+strconv.Itoa(line),
			"-floodif="+begin))
	}
	s := supervisortest.NewStack(t, services...)
	cut := cutsLoseNothing(s)
	if cut { // the limit is crossed after a second of the three
		for _, svc := range services {
			s.Put("process-logs/"+svc.Name+".log", strings.Repeat("a line from before\n",
				int(logfile.StandardLimits().Size-1<<20)/19))
		}
	}
	s.MustStart()
	next := map[string]int{}
	left := each * len(services)
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	following := false
	err := logs.Logs(ctx, s.Config, logs.Options{N: 1, Follow: true}, func(l logs.LogLine) error {
		if !following { // a line of those before: all logs are open
			following = true
			if err := os.WriteFile(begin, nil, 0o600); err != nil {
				return err
			}
		}
		number, isLine := strings.CutPrefix(l.Line, "line ")
		if l.Event != "" {
			return fmt.Errorf("%s: %s", l.Service, l.Line)
		}
		if !isLine {
			return nil
		}
		if want := strconv.Itoa(next[l.Service]) + " "; !strings.HasPrefix(number, want) || len(l.Line) != line-1 {
			return fmt.Errorf("%s: %.40q of %d bytes came, not line %s", l.Service, l.Line, len(l.Line), want)
		}
		next[l.Service]++
		if left--; left == 0 {
			cancel()
		}
		return nil
	})
	if err != nil || left != 0 {
		t.Errorf("%d lines are missing: %v", left, err)
	}
	for _, svc := range services {
		pieces, err := filepath.Glob(filepath.Join(s.Config.Paths.ProcessLogs(), svc.Name+".log.*"))
		if err != nil || cut && len(pieces) != 1 {
			t.Errorf("%s has the pieces %q, %v", svc.Name, pieces, err)
		}
	}
}

// cutsLoseNothing reports a file system that can take the front off a file in
// place; where it cannot, a cut may lose what is written at that moment.
func cutsLoseNothing(s *supervisortest.Stack) bool {
	s.T.Helper()
	path := filepath.Join(s.T.TempDir(), "try")
	if err := os.WriteFile(path, make([]byte, 3*4096), 0o600); err != nil {
		s.T.Fatal(err)
	}
	_, err := logfile.Cut(path, logfile.Limits{Size: 4096, Keep: 1})
	info, statErr := os.Stat(path)
	if err != nil || statErr != nil || info.Size() != 4096 {
		s.T.Logf("NOT TRIED across a cut: this file system cannot take the front off a file")
		return false
	}
	return true
}
