package yamlnode

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/program"
)

// maxProblems is how many problems of one file are reported; further ones are mostly
// consequences of the first.
const maxProblems = 20

// Problem is one thing that is wrong with a configuration file.
type Problem struct {
	Code    string `json:"code"`   // stable kebab-case word
	File    string `json:"file"`   // as the user named it
	Line    int    `json:"line"`   // 1-based
	Column  int    `json:"column"` // 1-based, in characters
	Path    string `json:"path"`   // dotted path of the key; empty for the whole file
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// String returns the problem after its place, in the form that editors and terminals make
// clickable.
func (p Problem) String() string {
	s := fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
	if p.Hint != "" {
		s += " (" + p.Hint + ")"
	}
	return s
}

// Problems is the detail of a config-invalid fault.
type Problems struct {
	Problems []Problem `json:"problems"`
}

// Warning is something in a file that is accepted and that the file's author should know about.
type Warning struct {
	Code    string `json:"code"`
	File    string `json:"file,omitempty"`
	Path    string `json:"path"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// Diagnosis collects the problems and the warnings about one file.
type Diagnosis struct {
	File             string
	Code             string // of the fault and of the problems added next; config-invalid at first
	Problems         []Problem
	ProviderProblems []Problem // in auth.providers: config.Check reports them, config.Load ignores them
	Warnings         []Warning
}

// NewDiagnosis returns an empty Diagnosis of a file.
func NewDiagnosis(file string) *Diagnosis {
	return &Diagnosis{File: file, Code: "config-invalid"}
}

// Add records a problem. It records equal messages at the same place once: an
// anchored map is read wherever an alias names it.
func (d *Diagnosis) Add(at Pos, path, hint, format string, args ...any) {
	d.AddInFile(d.File, at, path, hint, fmt.Sprintf(format, args...))
}

// AddInFile records a problem in the named file, which need not be the one that the Diagnosis
// is about.
func (d *Diagnosis) AddInFile(file string, at Pos, path, hint, message string) {
	if len(d.Problems) >= 10*maxProblems {
		return // these are more than SortedProblems returns
	}
	p := Problem{Code: d.Code, File: file, Line: max(at.Line, 1), Column: max(at.Column, 1), Path: path,
		Message: message, Hint: hint}
	same := func(q Problem) bool {
		return q.File == p.File && q.Line == p.Line && q.Column == p.Column && q.Message == p.Message
	}
	if !slices.ContainsFunc(d.Problems, same) {
		d.Problems = append(d.Problems, p)
	}
}

// Warn records a warning, which does not make the file invalid.
func (d *Diagnosis) Warn(code, path string, at Pos, format string, args ...any) {
	d.Warnings = append(d.Warnings,
		Warning{Code: code, File: d.File, Path: path, Line: at.Line, Column: at.Column,
			Message: fmt.Sprintf(program.Format(format), args...)})
}

// SortedProblems returns at most maxProblems problems in the order of the file.
func (d *Diagnosis) SortedProblems() []Problem {
	slices.SortStableFunc(d.Problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return d.Problems[:min(len(d.Problems), maxProblems)]
}

// Err returns one fault with the problems as its detail, or nil when there is none.
func (d *Diagnosis) Err() error {
	problems := d.SortedProblems()
	if len(problems) == 0 {
		return nil
	}
	first := problems[0]
	hint := first.Hint
	if hint == "" && len(problems) > 1 {
		hint = fmt.Sprintf(program.Format("`mage config:validate` lists all %d problems"), len(problems))
	}
	first.Hint = ""
	f := fault.Usage(d.Code, "%s", first.String()).WithDetail(Problems{problems})
	f.Hint = hint
	return f
}
