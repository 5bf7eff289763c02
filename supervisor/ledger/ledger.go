// Package ledger reads and writes supervisor.json, which holds what the next
// supervisor must know after this one was killed. A supervisor calls Load once and
// writes through a Recorder; a command calls Read. Survivors finds the services of
// a killed supervisor among the processes of the machine.
//
// Load does not fail because of what the file holds: a file that is torn, empty, of
// a future format or from another installation is moved aside, and the ledger is
// rebuilt from the processes that run.
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

// version is the format that Write writes. Older formats are read.
const version = 2

// kind is what the ledger is signed as; see trust.Key.
const kind = "ledger"

// maxBytes bounds what is read of the file. A hundred services take 100 kB.
const maxBytes = 16 << 20

// Ledger is the content of supervisor.json.
type Ledger struct {
	Version    int              `json:"version"`
	Program    string           `json:"program_version"`
	Supervisor process.Identity `json:"supervisor"`
	Socket     string           `json:"socket"`
	Services   []Entry          `json:"services"`
}

// Entry is one service in a state other than stopped.
type Entry struct {
	Name      string           `json:"name"`
	Runtime   string           `json:"runtime"`
	Host      string           `json:"host,omitempty"`
	Port      int              `json:"port,omitempty"`
	Process   process.Identity `json:"process"` // the leader of the process group; zero without a process
	StartedAt time.Time        `json:"started_at,omitzero"`
	State     string           `json:"state,omitempty"` // "" in version 1: it ran
	Restarts  int              `json:"restarts,omitempty"`
	Spent     Budget           `json:"spent,omitempty"`
	LastExit  *Exit            `json:"last_exit,omitempty"`
	Reason    string           `json:"reason,omitempty"`
	Decision  *Decision        `json:"decision,omitempty"`
	LogFrom   int64            `json:"log_from,omitempty"` // offset in the log at which the process's lines begin
	Loaded    *Loaded          `json:"loaded,omitempty"`   // what the process was started with; nil when not known
}

// Loaded has digests of what a process was started with; package drift makes and compares them.
type Loaded struct {
	Command     string `json:"command"`               // its arguments, folder and variables
	Supervision string `json:"supervision"`           // its probes, restarts and time limits
	Router      string `json:"router,omitempty"`      // the router's generated configuration; "" when it loads none
	CLIProxy    string `json:"cliproxyapi,omitempty"` // CLIProxyAPI's own file; "" for other programs
}

// Exit says how a process ended.
type Exit struct {
	Code   int       `json:"code"`             // -1 when a signal ended it or the status is unknown
	Signal string    `json:"signal,omitempty"` // "killed", "terminated", …; "unknown" when the status is unknown
	At     time.Time `json:"at"`
}

// String returns the exit for people: "exit status 3", "signal: killed".
func (e Exit) String() string {
	switch e.Signal {
	case "":
		return "exit status " + strconv.Itoa(e.Code)
	case unknown:
		return "exit status unknown, it was adopted"
	}
	return "signal: " + e.Signal
}

// unknown is the Signal of an exit whose status no supervisor could read.
const unknown = "unknown"

// UnknownExit returns the exit of a process that was not a child of its supervisor.
func UnknownExit(at time.Time) Exit { return Exit{Code: -1, Signal: unknown, At: at} }

// Decision is what a supervisor decided on evidence about a service.
type Decision struct {
	At       time.Time `json:"at"`
	Evidence string    `json:"evidence"` // a probe.Evidence
	Restart  bool      `json:"restart"`
	Reason   string    `json:"reason"` // for people
}

// Budget holds when restarts were spent, by the clock that counts from boot: no
// change of the wall clock moves it.
type Budget []boottime.Moment

// Within returns the restarts that are not older than window.
func (b Budget) Within(window time.Duration) Budget {
	return slices.DeleteFunc(slices.Clone(b), func(m boottime.Moment) bool { return m.Age() > window })
}

// Path returns the path of the ledger of a runtime folder.
func Path(runtimeDir string) string { return filepath.Join(runtimeDir, "supervisor.json") }

// Read returns the ledger of a runtime folder. It is empty when the file is missing,
// damaged, or not signed by this user for this installation.
func Read(runtimeDir string) Ledger {
	l, _ := read(runtimeDir)
	return l
}

// Load returns what Read returns, and moves a file aside that is not a ledger of this
// user and installation. movedTo is the path of such a file afterwards, its old one if
// it could not be moved, and "" without such a file. Load also removes temporary files
// of a supervisor that was killed.
func Load(runtimeDir string) (l Ledger, movedTo string) {
	entries, _ := os.ReadDir(runtimeDir)
	for _, entry := range entries { // left by a supervisor that was killed while it wrote
		if strings.HasPrefix(entry.Name(), ".supervisor.json") {
			_ = os.Remove(filepath.Join(runtimeDir, entry.Name()))
		}
	}
	l, err := read(runtimeDir)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return l, ""
	}
	aside := Path(runtimeDir) + ".damaged"
	if os.Rename(Path(runtimeDir), aside) != nil {
		return l, Path(runtimeDir) // the next write replaces it
	}
	return l, aside
}

// read reads the ledger of a runtime folder and checks its signature.
func read(runtimeDir string) (Ledger, error) {
	root := config.Paths{RuntimeDir: runtimeDir}.Root()
	raw, err := trust.ReadState(root, Path(runtimeDir), maxBytes)
	if err != nil {
		return Ledger{}, err
	}
	key, _ := trust.LoadKey(os.Getenv) // without a key, nothing was ever signed
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

// Write replaces the ledger of a runtime folder atomically.
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

// Remove removes the ledger of a runtime folder.
func Remove(runtimeDir string) { _ = os.Remove(Path(runtimeDir)) }

// Sign signs a ledger that an older version of FlowGate wrote without a signature,
// if the file belongs to the user alone. Fault: not-yours.
func Sign(runtimeDir string) error {
	root := config.Paths{RuntimeDir: runtimeDir}.Root()
	raw, err := trust.ReadState(root, Path(runtimeDir), maxBytes)
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
	doc, _ := trust.SplitSignature(raw)
	return renameio.WriteFile(
		Path(runtimeDir), key.Seal(kind, trust.Place(root), doc), 0o600, renameio.WithTempDir(runtimeDir),
	)
}
