package ledger

import (
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/internal/selfexec"
)

// Survivors returns the services of a killed supervisor that still run: processes
// of this user that carry the mark of the runtime folder and that the ledger names
// or, when it does not, that execute the service's command. While a supervisor
// other than this process lives there are none.
func Survivors(cfg *config.Config, l Ledger) []Entry {
	if l.Supervisor.Alive() && l.Supervisor.PID != os.Getpid() {
		return nil
	}
	return RunningServices(cfg, l)
}

// RunningServices returns the services of a runtime folder that have a process, as
// Survivors does, whether or not their supervisor lives.
func RunningServices(cfg *config.Config, l Ledger) []Entry {
	dir := cfg.Paths.RuntimeDir
	found := map[string]process.Identity{}
	for mark, id := range NewCensus().Leaders() {
		name, ours := strings.CutPrefix(mark, Mark(dir, ""))
		if ours && !strings.Contains(name, ":") { // another folder's name may continue with a colon
			found[name] = id
		}
	}
	var list []Entry
	for _, e := range l.Services {
		id, marked := found[e.Name]
		delete(found, e.Name)
		switch {
		case e.Process.HasMark(MarkVariable, Mark(dir, e.Name)):
		case marked && isServiceProcess(cfg, e.Name, id):
			e.Process = id
		default:
			continue
		}
		list = append(list, e)
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if isServiceProcess(cfg, name, found[name]) {
			list = append(list, Entry{Name: name, Process: found[name], StartedAt: processStartTime(found[name])})
		}
	}
	return list
}

// isServiceProcess reports whether a process executes the command of a service. The
// mark alone does not prove it: programs that a service starts inherit the mark.
func isServiceProcess(cfg *config.Config, name string, id process.Identity) bool {
	svc, known := cfg.Service(name)
	if !known {
		return false
	}
	env := runtimestore.Environment{Self: selfexec.Path(), Environ: os.Environ(), LookPath: exec.LookPath}
	spec, err := runtimestore.Command(cfg, svc, env)
	return err == nil && process.HasCommand(id.PID, spec.Args)
}

// processStartTime returns when a process was started, or the present time when the
// system does not know.
func processStartTime(id process.Identity) time.Time {
	at := Timestamp()
	if age, known := id.Age(); known {
		at = at.Add(-age.Truncate(time.Millisecond))
	}
	return at
}

// Timestamp returns the present time as the ledger and reports hold it: UTC, in
// milliseconds.
func Timestamp() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
