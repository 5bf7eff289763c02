// Package ledger is supervisor.json: what a supervisor must know again after
// it was killed. Load reads it and never fails for what is written there: a
// file that is torn, empty, of a future format or somebody else's is moved
// aside, and the stack is rebuilt from what really runs.
package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/internal/boottime"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// version is the format that is written; older ones are read.
const version = 2

// kind names the ledger to trust.Key.
const kind = "ledger"

// mostBytes bounds what is read: a hundred services are 100 kB.
const mostBytes = 16 << 20

// Ledger is the whole file.
type Ledger struct {
	Version    int              `json:"version"`
	Program    string           `json:"program_version"`
	Supervisor process.Identity `json:"supervisor"`
	Socket     string           `json:"socket"`
	Services   []Entry          `json:"services"`
}

// Entry is one service that is not simply stopped.
type Entry struct {
	Name      string           `json:"name"`
	Runtime   string           `json:"runtime"`
	Host      string           `json:"host,omitempty"`
	Port      int              `json:"port,omitempty"`
	Process   process.Identity `json:"process"` // leads a process group; zero without a process
	StartedAt time.Time        `json:"started_at,omitzero"`
	State     string           `json:"state,omitempty"` // "" in version 1: it ran
	Restarts  int              `json:"restarts,omitempty"`
	Spent     Budget           `json:"spent,omitempty"`
	LastExit  *Exit            `json:"last_exit,omitempty"`
	Reason    string           `json:"reason,omitempty"`
	Decision  *Decision        `json:"decision,omitempty"`
	LogFrom   int64            `json:"log_from,omitempty"` // place where its process's lines begin
}

// Exit says how a process ended.
type Exit struct {
	Code   int       `json:"code"`             // -1 when a signal ended it, or when nobody could see how
	Signal string    `json:"signal,omitempty"` // "killed", "terminated", …; "unknown" when nobody could see
	At     time.Time `json:"at"`
}

// String is for people: "exit status 3", "signal: killed".
func (e Exit) String() string {
	switch e.Signal {
	case "":
		return "exit status " + strconv.Itoa(e.Code)
	case unknown:
		return "exit status unknown, it was adopted"
	}
	return "signal: " + e.Signal
}

const unknown = "unknown"

// Unseen is the end of a process that was no child of its supervisor.
func Unseen(at time.Time) Exit { return Exit{Code: -1, Signal: unknown, At: at} }

// Decision is what was made of evidence about a service.
type Decision struct {
	At       time.Time `json:"at"`
	Evidence string    `json:"evidence"` // a probe.Evidence
	Restart  bool      `json:"restart"`
	Reason   string    `json:"reason"` // for people
}

// Budget are the restarts that were spent lately, each at the uptime of the
// machine: a clock that nobody sets and that counts from anew with the boot.
type Budget []boottime.Moment

// Within are those that still count.
func (b Budget) Within(window time.Duration) Budget {
	return slices.DeleteFunc(slices.Clone(b), func(m boottime.Moment) bool { return m.Age() > window })
}

// Path is where the ledger of a runtime folder lies.
func Path(runtimeDir string) string { return filepath.Join(runtimeDir, "supervisor.json") }

// Read is the ledger of a runtime folder; an empty one when there is none, or
// none that can be read.
func Read(runtimeDir string) Ledger {
	l, _ := read(runtimeDir)
	return l
}

// Load is Read, and moves a file aside that is no ledger of ours; the second
// result is where to, "" when all was well.
func Load(runtimeDir string) (Ledger, string) {
	names, _ := os.ReadDir(runtimeDir)
	for _, name := range names { // of a supervisor that was killed while it wrote
		if strings.HasPrefix(name.Name(), ".supervisor.json") {
			_ = os.Remove(filepath.Join(runtimeDir, name.Name()))
		}
	}
	l, err := read(runtimeDir)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return l, ""
	}
	aside := Path(runtimeDir) + ".damaged"
	if os.Rename(Path(runtimeDir), aside) != nil {
		return l, Path(runtimeDir) // it is replaced where it lies
	}
	return l, aside
}

func read(runtimeDir string) (Ledger, error) {
	root := config.Paths{RuntimeDir: runtimeDir}.Root()
	raw, err := trust.ReadState(root, Path(runtimeDir), mostBytes)
	if err != nil {
		return Ledger{}, err
	}
	key, _ := trust.LoadKey(os.Getenv) // without one, nothing was ever signed here
	if raw, err = key.Open(kind, trust.Place(root), raw); err != nil {
		return Ledger{}, fmt.Errorf("read %s: %w", Path(runtimeDir), err)
	}
	var l Ledger
	if err := json.Unmarshal(raw, &l); err != nil {
		return Ledger{}, fmt.Errorf("read %s: %w", Path(runtimeDir), err)
	}
	if l.Version < 1 || l.Version > version {
		return Ledger{}, fmt.Errorf("read %s: it has version %d", Path(runtimeDir), l.Version)
	}
	return l, nil
}

// Write replaces the ledger, atomically.
func Write(runtimeDir string, l Ledger) error {
	l.Version = version
	raw, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return fmt.Errorf("encode supervisor.json: %w", err)
	}
	raw = append(raw, '\n')
	if key, err := trust.EnsureKey(os.Getenv); err == nil { // else the next supervisor finds the services by their mark
		raw = key.Seal(kind, trust.Place(config.Paths{RuntimeDir: runtimeDir}.Root()), raw)
	}
	return renameio.WriteFile(Path(runtimeDir), raw, 0o600, renameio.WithTempDir(runtimeDir))
}

// Remove is for the end of a supervisor that leaves nothing behind.
func Remove(runtimeDir string) { _ = os.Remove(Path(runtimeDir)) }

// Sign signs the ledger of a runtime folder that was written by a version of
// FlowGate that did not, when it is the user's own. Fault: not-yours.
func Sign(runtimeDir string) error {
	root := config.Paths{RuntimeDir: runtimeDir}.Root()
	raw, err := trust.ReadState(root, Path(runtimeDir), mostBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	key, err := trust.EnsureKey(os.Getenv)
	if err != nil {
		return err
	}
	if _, err := key.Open(kind, trust.Place(root), raw); err == nil {
		return nil
	}
	doc, _ := trust.Unsealed(raw)
	return renameio.WriteFile(Path(runtimeDir), key.Seal(kind, trust.Place(root), doc), 0o600, renameio.WithTempDir(runtimeDir))
}
