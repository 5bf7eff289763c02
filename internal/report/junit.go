package report

import (
	"encoding/xml"
	"fmt"
	"io"

	"github.com/flowgate-go/flowgate/internal/printable"
)

// junitSuite is the one test suite of a report.
type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     float64     `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

// junitCase is a check, or the error of the command.
type junitCase struct {
	Name    string     `xml:"name,attr"`
	Class   string     `xml:"classname,attr"`
	Time    float64    `xml:"time,attr"`
	Failure *junitNote `xml:"failure,omitempty"`
	Error   *junitNote `xml:"error,omitempty"`
	Skipped *junitNote `xml:"skipped,omitempty"`
}

// junitNote says why a case did not pass.
type junitNote struct {
	Message string `xml:"message,attr"`
}

// writeJUnit writes the checks as test cases.
func writeJUnit(w io.Writer, r *Report) error {
	s := junitSuite{Name: "flowgate." + r.Command, Time: r.DurationMS / 1000}
	for _, c := range r.Checks {
		k := junitCase{Name: c.ID, Class: s.Name, Time: c.DurationMS / 1000}
		switch c.Status {
		case Fail:
			k.Failure, s.Failures = &junitNote{printable.EscapeLine(reasonLine(c))}, s.Failures+1
		case Skip:
			k.Skipped, s.Skipped = &junitNote{printable.EscapeLine(reasonLine(c))}, s.Skipped+1
		}
		s.Cases = append(s.Cases, k)
	}
	if r.Error != nil {
		s.Cases = append(s.Cases, junitCase{
			Name: r.Command, Class: s.Name,
			Error: &junitNote{r.Error.Code + ": " + printable.EscapeLine(r.Error.Message)},
		})
		s.Errors++
	}
	s.Tests = len(s.Cases)
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(s); err != nil {
		return fmt.Errorf("render junit: %w", err)
	}
	_, err := io.WriteString(w, "\n")
	return err
}
