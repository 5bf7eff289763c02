package yamlnode

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/program"
)

// maxProblems is how many problems of one file are reported; what follows is
// mostly a consequence of the first.
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

// String is the form that editors and terminals make clickable.
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

// Oddity is something accepted that the file's writer should know about.
type Oddity struct {
	Code    string `json:"code"`
	File    string `json:"file,omitempty"`
	Path    string `json:"path"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// Diagnosis collects what is wrong and what is odd about one file.
type Diagnosis struct {
	File             string
	Code             string // of the fault; config-invalid unless a problem says otherwise
	Problems         []Problem
	ProviderProblems []Problem // in auth.providers: reported by Check, and no reason to refuse the file
	Warnings         []Oddity
}

// NewDiagnosis returns a Diagnosis of a file in which nothing was found yet.
func NewDiagnosis(file string) *Diagnosis {
	return &Diagnosis{File: file, Code: "config-invalid"}
}

// Add records a problem. The same text at the same place is recorded once: an
// anchored map is read wherever an alias names it.
func (d *Diagnosis) Add(at Pos, path, hint, format string, args ...any) {
	d.AddInFile(d.File, at, path, hint, fmt.Sprintf(format, args...))
}

// AddInFile records a problem of another file than the Diagnosis is about.
func (d *Diagnosis) AddInFile(file string, at Pos, path, hint, message string) {
	if len(d.Problems) >= 10*maxProblems {
		return // more than is shown, whatever the order
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

// Warn records something odd that is no reason to refuse the file.
func (d *Diagnosis) Warn(code, path string, at Pos, format string, args ...any) {
	d.Warnings = append(d.Warnings,
		Oddity{Code: code, File: d.File, Path: path, Line: at.Line, Column: at.Column,
			Message: fmt.Sprintf(program.Format(format), args...)})
}

// SortedProblems returns at most maxProblems problems in the order of the file.
func (d *Diagnosis) SortedProblems() []Problem {
	slices.SortStableFunc(d.Problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return d.Problems[:min(len(d.Problems), maxProblems)]
}

// Err is nil, or one fault that carries every problem.
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
	e := fault.Usage(d.Code, "%s", first.String()).WithDetail(Problems{problems})
	e.Hint = hint
	return e
}
