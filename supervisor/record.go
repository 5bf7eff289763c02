package supervisor

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/regular"
)

// recordVersion is the format of supervisor.json.
const recordVersion = 1

// ledger is supervisor.json: which processes are a supervisor's, so that the
// next one, or a command, finds them when it was killed.
type ledger struct {
	Version    int              `json:"version"`
	Program    string           `json:"program_version"`
	Supervisor process.Identity `json:"supervisor"`
	Socket     string           `json:"socket"`
	Services   []entry          `json:"services"`
}

// entry is one service that had a process when the ledger was written.
type entry struct {
	Name      string           `json:"name"`
	Runtime   string           `json:"runtime"`
	Process   process.Identity `json:"process"` // leads a process group
	StartedAt time.Time        `json:"started_at"`
}

func recordPath(runtimeDir string) string { return filepath.Join(runtimeDir, "supervisor.json") }

// record writes the ledger as things stand.
func (r *resident) record() error {
	r.recMu.Lock()
	defer r.recMu.Unlock()
	l := ledger{Version: recordVersion, Program: r.opts.Version, Supervisor: r.id, Socket: r.socket, Services: []entry{}}
	for _, u := range r.all() {
		s := u.snap.Load()
		if s.id.PID != 0 {
			l.Services = append(l.Services, entry{Name: u.name, Runtime: s.Runtime, Process: s.id, StartedAt: *s.StartedAt})
		}
	}
	raw, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return fmt.Errorf("encode supervisor.json: %w", err)
	}
	return renameio.WriteFile(recordPath(r.paths.RuntimeDir), append(raw, '\n'), 0o600)
}

// readLedger reads supervisor.json. A file that is not there, torn or of another
// format is an empty ledger: it is a hint, and every identity in it is checked.
func readLedger(runtimeDir string) ledger {
	raw, err := regular.Read(recordPath(runtimeDir))
	var l ledger
	if err != nil || json.Unmarshal(raw, &l) != nil || l.Version != recordVersion {
		return ledger{}
	}
	return l
}

// stopLeftovers ends the services of a supervisor that was killed. The caller
// holds the lock, so that one is surely gone.
func (r *resident) stopLeftovers(ctx context.Context) {
	for _, e := range endLeftovers(ctx, r.paths.RuntimeDir, nil) {
		r.emit(leftoverEvent(r.opts.Config, e))
	}
}

func leftoverEvent(cfg *config.Config, e entry) Event {
	return Event{Event: EventStopped, Service: e.Name, Profile: activeProfile(cfg), Result: "ok",
		Detail: fmt.Sprintf("process %d was left by a supervisor that had been killed", e.Process.PID)}
}

// endLeftovers ends every process in the ledger that is still the very same,
// with its group, and returns those it ended. No names means all of them.
func endLeftovers(ctx context.Context, runtimeDir string, names []string) []entry {
	var ended []entry
	for _, e := range readLedger(runtimeDir).Services {
		if len(names) > 0 && !slices.Contains(names, e.Name) {
			continue
		}
		if e.Process.SignalGroup(syscall.SIGTERM) != nil {
			continue // gone, or the number is another's by now
		}
		ended = append(ended, e)
	}
	deadline := time.NewTimer(10 * time.Second)
	defer deadline.Stop()
	for _, e := range ended {
		for e.Process.Alive() && ctx.Err() == nil {
			select {
			case <-deadline.C:
				deadline.Reset(0) // it has passed for the others as well
				_ = e.Process.SignalGroup(syscall.SIGKILL)
			case <-ctx.Done():
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
	return ended
}
