package logs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/logfile"
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

// TestAFloodOfLogLinesIsBoundedAndDisturbsNobody has a service write 100 MB a
// second for four seconds.
func TestAFloodOfLogLinesIsBoundedAndDisturbsNobody(t *testing.T) {
	t.Parallel()
	const megabytes, rate = 400, 100
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a", "-flood="+strconv.Itoa(megabytes), "-rate="+strconv.Itoa(rate)), supervisortest.Trivial(t, "b"))
	exact := cutsLoseNothing(s)
	pid := s.MustStart().Services[1].PID
	seen := disk{}
	var answers []time.Duration
	supervisortest.Eventually(t, "the flood to end and the log to be cut", func() bool {
		began := time.Now()
		status := s.Query()
		answers = append(answers, time.Since(began))
		if !status.Services[0].Ready || !status.Services[1].Ready || status.Services[1].PID != pid ||
			status.Services[1].Restarts != 0 {
			t.Errorf("%+v", status)
		}
		over := strings.Contains(s.Tail("a"), "flood is over") // nothing is written after that
		seen.measure(s.Config.Paths.ProcessLogs(), "a.log")
		return over && seen.current < logfile.StandardLimits().Size
	})
	slices.Sort(answers)
	median := answers[len(answers)/2] // a busy machine has single ones that are late
	t.Logf("at most %d MB on disk, half of %d statuses took at most %v", seen.peak>>20, len(answers), median)
	// What is kept, a copy under way, and two seconds of the flood: looks are one apart.
	if bound := int64(4*10+10+2*rate) << 20; seen.peak > bound {
		t.Errorf("%d MB on disk, more than %d", seen.peak>>20, bound>>20)
	}
	if median > 500*time.Millisecond {
		t.Errorf("half of the statuses took more than %v", median)
	}
	last := s.Tail("a")
	last = last[strings.LastIndex(last, "flood is over"):]
	var flooded, took int64
	if _, err := fmt.Sscanf(last, "flood is over: %d bytes in %d ms", &flooded, &took); err != nil ||
		flooded != megabytes<<20 {
		t.Errorf("%q, %v", last, err)
	}
	if took > 1000*megabytes/rate*3/2 {
		t.Logf("NOT TRIED at %d MB/s: this machine is too busy, %d MB took it %d ms", rate, megabytes, took)
	}
	written := int64(len("listening\n")+len(last)+1) + flooded
	there, dropped := seen.current+seen.inPieces(), s.CountDropped()
	for deadline := time.Now().Add(5 * time.Second); exact && there+dropped != written &&
		time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		dropped = s.CountDropped() // it is said after the cut
	}
	if exact && dropped+there != written || dropped == 0 {
		t.Errorf("%d bytes were written; %d are said to be dropped and %d were kept: %d are missing", written, dropped, there,
			written-dropped-there)
	}
	seen.wantWholeLines(t)
}

// disk is what a log and its pieces take.
type disk struct {
	dir           string
	current, peak int64
	pieces        map[string]int64 // every one that ever was
}

func (d *disk) measure(dir, name string) {
	if d.pieces == nil {
		d.pieces = map[string]int64{}
	}
	d.dir = dir
	entries, _ := os.ReadDir(dir)
	total := int64(0)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue // gone meanwhile
		}
		total += info.Size()
		switch {
		case e.Name() == name:
			d.current = info.Size()
		case strings.HasPrefix(e.Name(), name+"."):
			d.pieces[e.Name()] = info.Size()
		}
	}
	d.peak = max(d.peak, total)
}

func (d *disk) inPieces() (total int64) {
	for _, size := range d.pieces {
		total += size
	}
	return total
}

// wantWholeLines reads the pieces that are left: within each every line
// follows the one before.
func (d *disk) wantWholeLines(t *testing.T) {
	t.Helper()
	left := 0
	for name := range d.pieces {
		raw, err := os.ReadFile(filepath.Join(d.dir, name))
		if err != nil {
			continue // there are newer ones
		}
		left++
		lines := strings.Split(string(raw), "\n")
		for i, last := 1, -1; i < len(lines)-1; i++ { // the first and the last may be cut
			var n int
			if _, err := fmt.Sscanf(lines[i], "line %d ", &n); err != nil {
				continue // one of the few others
			}
			if last >= 0 && n != last+1 {
				t.Fatalf("%s: line %d after line %d", name, n, last)
			}
			last = n
		}
	}
	if left == 0 || left > logfile.StandardLimits().Keep {
		t.Errorf("%d pieces are left", left)
	}
}
