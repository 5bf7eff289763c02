// Package report is the one place that writes stdout: it wraps what a target
// returns into the envelope of docs/json.md, filters it with a jq expression,
// prints it in the format asked for, and computes the exit status. Call New
// when a command starts, Finish when it ends, and Output.Emit to print.
//
// It never starts work of its own and never reads the environment.
//
// It has more than 700 lines because each format has its own code, and all share one
// rule of what is escaped and which exit status follows.
package report

import (
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// Schema names the envelope and its version in every report.
const Schema = "flowgate.report/v1"

// Report is the one JSON document that a target prints.
type Report struct {
	Schema     string    `json:"schema"`      // always Schema
	Command    string    `json:"command"`     // the target, "profile:set"
	OK         bool      `json:"ok"`          // no error and no failed check
	StartedAt  time.Time `json:"started_at"`  // RFC 3339, UTC
	DurationMS float64   `json:"duration_ms"` // wall time of the target
	Summary    *Summary  `json:"summary,omitempty"`
	Checks     []Result  `json:"checks,omitzero"` // nil unless the target runs checks
	Data       any       `json:"data,omitempty"`  // the result of a target that does not run checks
	Error      *Problem  `json:"error"`

	// Installation is the one that the command was for.
	Installation *Installation `json:"installation,omitempty"`

	// Trust is set when the configuration is not trusted: what it would execute and write.
	Trust any `json:"trust,omitempty"`

	exit int
}

// Installation names a configuration and where it was found.
type Installation struct {
	Config string `json:"config"` // absolute path of the file; empty for the built-in default
	Folder string `json:"folder"` // absolute path of the folder with .router
	Source string `json:"source"` // named, here, above, or default: neither a file nor a .router was found
}

// Problem is the error of a report: why the target did not do what it was asked.
type Problem struct {
	Code    string `json:"code"`             // stable kebab-case word, listed in docs/json.md
	Message string `json:"message"`          // one line: what, where
	Hint    string `json:"hint"`             // one line: what to do; may be empty
	Detail  any    `json:"detail,omitempty"` // machine-readable particulars
}

// Status is the outcome of a check.
type Status string

// The four outcomes of a check.
const (
	Pass Status = "pass"
	Warn Status = "warn" // works, but should be looked at
	Fail Status = "fail"
	Skip Status = "skip" // not run; detail.reason says why
)

// Result is the result of one check.
type Result struct {
	ID         string   `json:"id"` // dotted, "ports.available"
	Status     Status   `json:"status"`
	Title      string   `json:"title"`            // what holds when it passes
	Family     string   `json:"family,omitempty"` // doctor, security, smoke, drill or release
	Detail     any      `json:"detail,omitempty"` // machine-readable particulars
	Fix        *Fix     `json:"fix,omitempty"`
	Mended     []string `json:"mended,omitempty"` // what -fix did before this result
	DurationMS float64  `json:"duration_ms"`
}

// Fix says how to fix what a check found.
type Fix struct {
	Command string `json:"command,omitempty"` // may be pasted into a shell
	Text    string `json:"text"`
}

// Summary counts results by status.
type Summary struct {
	Pass int `json:"pass"`
	Warn int `json:"warn"`
	Fail int `json:"fail"`
	Skip int `json:"skip"`
}

// New starts the report of a command at the given time.
func New(command string, now time.Time) *Report {
	return &Report{Schema: Schema, Command: command, StartedAt: now.UTC()}
}

// NewChecked is New for a target that runs checks: its report has checks and summary even
// when it fails before the first check.
func NewChecked(command string, now time.Time) *Report {
	r := New(command, now)
	r.Checks, r.Summary = []Result{}, &Summary{}
	return r
}

// Checked is the result of a target that runs checks.
type Checked struct {
	Checks []Result
	Data   any  // what was examined; may be nil
	Strict bool // a warning counts as a failure in ok and the exit status
}

// Finish fills in the outcome. Data of type Checked becomes the report's checks
// and data; a failed check makes the report not ok with exit status 1.
func (r *Report) Finish(data any, err error, now time.Time) {
	r.DurationMS = Millis(now.Sub(r.StartedAt))
	r.OK, r.exit = true, 0
	if c, ok := data.(Checked); ok {
		r.setChecks(c)
		r.Data = c.Data
	} else {
		r.Data = data
	}
	if f := fault.From(err); f != nil {
		r.OK, r.exit = false, f.Exit
		r.Error = &Problem{Code: f.Code, Message: f.Message, Hint: f.Hint, Detail: f.Detail}
	}
}

// setChecks fills in the checks, their summary and whether they make the report not ok.
func (r *Report) setChecks(c Checked) {
	r.Checks, r.Summary = c.Checks, Count(c.Checks)
	if r.Checks == nil {
		r.Checks = []Result{}
	}
	if r.Summary.Fail > 0 || c.Strict && r.Summary.Warn > 0 {
		r.OK, r.exit = false, fault.ExitFailed
	}
}

// Exit returns the exit status that the report asks for.
func (r *Report) Exit() int { return r.exit }

// Count counts results by status.
func Count(checks []Result) *Summary {
	var s Summary
	for _, c := range checks {
		switch c.Status {
		case Pass:
			s.Pass++
		case Warn:
			s.Warn++
		case Fail:
			s.Fail++
		case Skip:
			s.Skip++
		}
	}
	return &s
}

// Millis returns d in milliseconds with three decimals.
func Millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
