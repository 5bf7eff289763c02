// Package leftover finds what dead supervisors left in a runtime folder (Inspect), and
// removes the files among it (RemoveStale). It never ends a process.
package leftover

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/supervisor/client"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

// Remains is what earlier supervisors left in a runtime folder.
type Remains struct {
	Stale   []string `json:"stale"`   // files whose process is gone: ledger, control socket, pid files
	Foreign []Claim  `json:"foreign"` // files with a pid that a foreign process has now
	Orphans []Orphan `json:"orphans"` // services that run on without a supervisor

	Unread []string `json:"unread,omitempty"` // files that cannot be read, so that they may be any of these
}

// Claim is a pid that a file of a supervisor names and a foreign process has now.
type Claim struct {
	File    string `json:"file"`
	PID     int    `json:"pid"`
	Service string `json:"service,omitempty"`
}

// Orphan is a service that still runs after its supervisor ended.
type Orphan struct {
	Service   string    `json:"service"`
	PID       int       `json:"pid"`
	StartedAt time.Time `json:"started_at"`
}

// Inspect finds what earlier supervisors left, and changes nothing. The files of a
// supervisor that lives do not count.
func Inspect(cfg *config.Config) Remains {
	dir := cfg.Paths.RuntimeDir
	r := Remains{Stale: []string{}, Foreign: []Claim{}, Orphans: []Orphan{}}
	l := ledger.Read(dir)
	if _, lives := client.LivingSupervisor(dir); !lives {
		r.addDeadSupervisor(cfg, l)
	}
	for _, file := range PIDFiles(dir, "*") {
		r.addPIDFile(file)
	}
	return r
}

// PIDFiles returns the pid files of a service that the Python tool of the same name left in a
// runtime folder; "*" is all services.
func PIDFiles(dir, service string) (files []string) {
	for _, folder := range [...]string{"", "pids"} {
		matches, _ := filepath.Glob(filepath.Join(dir, folder, service+".pid"))
		files = append(files, matches...)
	}
	return files
}

// PIDs returns the process numbers that a pid file may mean, none when it cannot be read.
func PIDs(file string) []int {
	text, err := safefile.Read(file, safefile.KeyLimit)
	if err != nil {
		return nil
	}
	return parsePIDs(text)
}

// addDeadSupervisor adds the services, supervisor.json and the control socket of a dead
// supervisor.
func (r *Remains) addDeadSupervisor(cfg *config.Config, l ledger.Ledger) {
	dir := cfg.Paths.RuntimeDir
	for _, e := range ledger.Survivors(cfg, l) {
		r.Orphans = append(r.Orphans, Orphan{e.Name, e.Process.PID, e.StartedAt})
	}
	for _, e := range l.Services {
		if _, err := process.Identify(e.Process.PID); err == nil && e.Process.PID > 0 && !e.Process.Alive() {
			r.Foreign = append(r.Foreign, Claim{ledger.Path(dir), e.Process.PID, e.Name})
		}
	}
	if len(r.Orphans) > 0 {
		return // the next supervisor needs the ledger
	}
	for _, path := range [...]string{ledger.Path(dir), control.SocketPath(dir)} {
		if _, err := os.Lstat(path); err == nil {
			r.Stale = append(r.Stale, path)
		}
	}
}

// addPIDFile adds a pid file: to Foreign if a process has its pid, else to Stale.
func (r *Remains) addPIDFile(file string) {
	text, err := safefile.Read(file, safefile.KeyLimit)
	if err != nil {
		r.Unread = append(r.Unread, file)
		return
	}
	for _, pid := range parsePIDs(text) {
		if _, err := process.Identify(pid); !errors.Is(err, process.ErrGone) {
			r.Foreign = append(r.Foreign, Claim{file, pid, strings.TrimSuffix(filepath.Base(file), ".pid")})
			return
		}
	}
	r.Stale = append(r.Stale, file)
}

// parsePIDs returns the pids that a pid file may mean: the "pid" of a JSON object, as
// later versions of the Python tool wrote, else every number in it.
func parsePIDs(text []byte) []int {
	var object struct {
		PID json.Number `json:"pid"`
	}
	if json.Unmarshal(text, &object) == nil && object.PID != "" {
		text = []byte(object.PID)
	}
	var pids []int
	for _, digits := range strings.FieldsFunc(string(text), func(c rune) bool { return c < '0' || c > '9' }) {
		if pid, err := strconv.Atoi(digits); err == nil && pid > 0 {
			pids = append(pids, pid)
		}
	}
	return pids
}
