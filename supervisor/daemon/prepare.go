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
	"github.com/flowgate-go/flowgate/supervisor/ledger"
	"github.com/flowgate-go/flowgate/supervisor/logs"
)

// inheritance is what a supervisor finds when its life begins.
type inheritance struct {
	first    bool // its process begins
	ledger   ledger.Ledger
	damaged  string                     // where what was in its place was moved
	requests map[string]control.Request // of running services, by name
}

// prepare takes the runtime folder for this supervisor: by its lock, or, in a
// handover, from the program before.
func prepare(ctx context.Context, o Options) (*resident, inheritance, error) {
	paths := o.Config.Paths
	none := inheritance{}
	if err := checkEphemeral(o.Ephemeral, paths.RuntimeDir); err != nil {
		return nil, none, err
	}
	id, err := process.Identify(os.Getpid())
	if err != nil {
		return nil, none, fmt.Errorf("identify this process: %w", err)
	}
	r := &resident{opts: o, movedLogs: map[string]os.FileInfo{}, paths: paths, id: id, census: ledger.NewCensus(), disk: logs.DiskWatch{Dir: paths.ProcessLogs(), LastWritable: time.Now()}}
	r.events = logs.NewEventLog(paths.LogFile, o.Log, func() string { return control.ActiveProfile(r.opts.Config) })
	if o.Handover != nil {
		return r.inherit(o.Handover)
	}
	if err := control.EnsureRuntimeDir(paths.RuntimeDir); err != nil {
		return nil, none, err
	}
	if r.socket, err = control.PrepareSocketPath(paths.RuntimeDir); err != nil {
		return nil, none, control.UnwritableFault(paths.RuntimeDir, err)
	}
	r.lock, err = control.AcquireLock(ctx, control.LockPath(paths.RuntimeDir), control.LockTimeout)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, none, fault.New("supervisor-running", "another supervisor holds %s", paths.RuntimeDir).
			WithHint("see mage status")
	}
	if err != nil {
		return nil, none, control.UnwritableFault(paths.RuntimeDir, err)
	}
	given := inheritance{first: true}
	given.ledger, given.damaged = ledger.Load(paths.RuntimeDir)
	return r, given, nil
}

// leave removes what only a running supervisor has, then gives the folder back.
func (r *resident) leave() error {
	if r.listener != nil {
		_ = r.listener.Close()
	}
	_ = os.Remove(r.socket)
	r.leaveLedger()
	var err error
	if r.opts.Ephemeral != "" {
		err = os.RemoveAll(r.opts.Ephemeral)
	}
	return errors.Join(err, r.lock.Close())
}

// leaveLedger removes the ledger unless a process that did not end is in it.
func (r *resident) leaveLedger() {
	for _, u := range r.all() {
		if u.Snapshot.Load().Identity.PID != 0 {
			_ = r.recorder.WriteNow() // its tell has the error
			return
		}
	}
	ledger.Remove(r.paths.RuntimeDir)
}

// checkEphemeral makes sure that a folder about to be removed some day is one
// that was made for it.
func checkEphemeral(dir, runtimeDir string) error {
	if dir == "" {
		return nil
	}
	rel, err := filepath.Rel(dir, runtimeDir)
	inside := err == nil && rel != "." && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
	if filepath.IsAbs(dir) && inside && strings.HasPrefix(filepath.Base(dir), "flowgate-") {
		return nil
	}
	return fault.Usage("ephemeral-refused", "the folder %s would be removed at the end, but is no private one", dir).
		WithHint("give an absolute folder named flowgate-… that contains the runtime folder %s", runtimeDir)
}

// tell reports the outcome of the start to the command that waits for it.
func tell(to io.WriteCloser, err error) {
	if to == nil {
		return
	}
	var line control.StartupResult
	if err != nil {
		line.Fault = control.EncodeFault(err)
	}
	_ = json.NewEncoder(to).Encode(line) // the command may have gone: then nobody waits
	_ = to.Close()
}
