package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/daemon/folder"
	"github.com/flowgate-go/flowgate/supervisor/daemon/handover"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
	"github.com/flowgate-go/flowgate/supervisor/logs"
)

// predecessor is what a life finds of the supervisor before it.
type predecessor struct {
	first    bool // this is the first life of the process
	ledger   ledger.Ledger
	damaged  string                     // where a file that was not a ledger was moved; "" without one
	requests map[string]control.Request // of running services, by name; only in a handover
}

// prepare takes the runtime folder for this supervisor: by its lock or, in a
// handover, from the previous program.
func prepare(ctx context.Context, o Options) (*resident, predecessor, error) {
	paths := o.Config.Paths
	if err := checkEphemeral(o.Ephemeral, paths.RuntimeDir); err != nil {
		return nil, predecessor{}, err
	}
	id, err := process.Identify(os.Getpid())
	if err != nil {
		return nil, predecessor{}, fmt.Errorf("identify this process: %w", err)
	}
	r := &resident{opts: o, paths: paths, id: id, census: ledger.NewCensus(), movedLogs: map[string]os.FileInfo{}}
	r.disk = logs.DiskWatch{Dir: paths.ProcessLogs(), LastWritable: time.Now()}
	r.events = logs.NewEventLog(paths.LogFile, o.Log, func() string { return control.ActiveProfile(o.Config) })
	if o.Handover != nil {
		found, err := r.takeOver(o.Handover)
		return r, found, err
	}
	if r.folder, err = folder.Take(ctx, paths.RuntimeDir, id); err != nil {
		return nil, predecessor{}, err
	}
	found := predecessor{first: true}
	found.ledger, found.damaged = ledger.Load(paths.RuntimeDir)
	return r, found, nil
}

// takeOver reads the note of the previous program of this process, and takes its runtime
// folder over.
func (r *resident) takeOver(note *os.File) (predecessor, error) {
	n, lock, listener, err := handover.Read(note)
	if err != nil {
		return predecessor{}, err
	}
	r.folder = folder.Inherit(r.paths.RuntimeDir, r.id, lock, listener, n.Socket)
	r.upgrades = n.Upgrades
	r.commandSeen.Store(true)
	return predecessor{first: true, ledger: n.Ledger, requests: n.Requests}, nil
}

// leave removes what only a running supervisor has, then unlocks the folder.
func (r *resident) leave() error {
	r.folder.Leave()
	r.removeLedger()
	var err error
	if r.opts.Ephemeral != "" {
		err = os.RemoveAll(r.opts.Ephemeral)
	}
	return errors.Join(err, r.folder.Unlock())
}

// removeLedger removes the ledger unless it names a process that did not end.
func (r *resident) removeLedger() {
	for _, s := range r.services.Snapshots() {
		if s.Identity.PID != 0 {
			_ = r.recorder.WriteNow() // the recorder reports the error
			return
		}
	}
	ledger.Remove(r.paths.RuntimeDir)
}

// checkEphemeral returns a fault for a folder that Run must not remove at its end.
// Fault: ephemeral-refused.
func checkEphemeral(dir, runtimeDir string) error {
	if dir == "" {
		return nil
	}
	rel, err := filepath.Rel(dir, runtimeDir)
	inside := err == nil && rel != "." && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
	if filepath.IsAbs(dir) && inside && strings.HasPrefix(filepath.Base(dir), "flowgate-") {
		return nil
	}
	return fault.Usage("ephemeral-refused", "the folder %s would be removed at the end, but was not made for that", dir).
		WithHint("give an absolute folder named flowgate-… that contains the runtime folder %s", runtimeDir)
}

// ReportStartup tells the command that waits for the start how it went, and closes to, which may be nil.
// Run calls it; who fails before Run does too.
func ReportStartup(to io.WriteCloser, err error) {
	if to == nil {
		return
	}
	var result control.StartupResult
	if err != nil {
		result.Fault = control.EncodeFault(err)
	}
	_ = json.NewEncoder(to).Encode(result) // the command may have ended
	_ = to.Close()
}
