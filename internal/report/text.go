package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/flowgate-go/flowgate/internal/printable"
)

// Reasoned is a detail that can say in one line why its check ended as it did.
type Reasoned interface{ Reason() string }

func reasonLine(c Result) string {
	text := c.Title
	if d, ok := c.Detail.(Reasoned); ok && d.Reason() != "" {
		text = d.Reason()
	}
	if c.Fix != nil {
		text += " → " + c.Fix.Text
		if c.Fix.Command != "" {
			text += " (" + c.Fix.Command + ")"
		}
	}
	return text
}

func formatCheck(c Result) string {
	mark := map[Status]string{Pass: "✓", Warn: "!", Fail: "✗", Skip: "-"}[c.Status]
	text := c.Title
	if c.Status != Pass {
		text = reasonLine(c)
	}
	if len(c.Mended) > 0 {
		text += "; mended: " + strings.Join(c.Mended, ", ")
	}
	return fmt.Sprintf("%s %-24s %s (%.1f ms)\n", mark, c.ID, printable.EscapeLine(text), c.DurationMS)
}

// Headed is data with a headline: one line that the text format prints first.
type Headed interface{ Headline() string }

func writeText(w io.Writer, r *Report) error {
	if d, ok := r.Data.(Headed); ok && d.Headline() != "" {
		if _, err := fmt.Fprintln(w, printable.EscapeLine(d.Headline())); err != nil {
			return err
		}
	}
	for _, c := range r.Checks {
		if _, err := io.WriteString(w, formatCheck(c)); err != nil {
			return err
		}
	}
	if s := r.Summary; s != nil {
		if _, err := fmt.Fprintf(w, "%d passed, %d warned, %d failed, %d skipped in %.0f ms\n", s.Pass, s.Warn, s.Fail, s.Skip, r.DurationMS); err != nil {
			return err
		}
	}
	if r.Error != nil {
		if _, err := fmt.Fprintf(w, "%s: %s\n", r.Error.Code, printable.EscapeLine(r.Error.Message)); err != nil {
			return err
		}
	}
	return writeData(w, r.Data)
}

// Paged is data that people read as a page of lines, such as those of a log. Page
// returns the lines, each with its line break; none of its text is escaped yet.
type Paged interface{ Page() string }

// Brief is data that the text format prints in a shorter form than JSON.
type Brief interface{ Brief() any }

// pageEscaper returns the function that escapes the report's text. Lines of logs are
// not YAML, whatever they look like.
func pageEscaper(r *Report) func(string) string {
	if _, ok := r.Data.(Paged); ok {
		return printable.EscapePage
	}
	return escapeText
}

func writeData(w io.Writer, data any) error {
	if data == nil {
		return nil
	}
	if d, ok := data.(Paged); ok {
		_, err := io.WriteString(w, d.Page())
		return err
	}
	if d, ok := data.(Brief); ok {
		data = d.Brief()
	}
	b, err := yaml.MarshalWithOptions(data, yaml.UseJSONMarshaler(), yaml.IndentSequence(true))
	if err != nil {
		return fmt.Errorf("render data as text: %w", err)
	}
	_, err = w.Write(b)
	return err
}

// writeGitHub prints workflow commands:
// https://docs.github.com/actions/reference/workflow-commands-for-github-actions
func writeGitHub(w io.Writer, r *Report) error {
	escape := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	line := func(level, title, text string) error {
		_, err := fmt.Fprintf(w, "::%s title=%s::%s\n", level, property.Replace(title), escape.Replace(text))
		return err
	}
	for _, p := range placesOf(r) {
		if p.Known {
			continue
		}
		if _, err := fmt.Fprintf(w, "::error file=%s,line=%d,title=%s::%s\n", property.Replace(p.File), max(p.Line, 1), property.Replace(p.Rule), escape.Replace(p.Text)); err != nil {
			return err
		}
	}
	for _, c := range r.Checks {
		level, tell := map[Status]string{Warn: "warning", Fail: "error"}[c.Status]
		if !tell {
			continue
		}
		if err := line(level, c.ID, reasonLine(c)); err != nil {
			return err
		}
	}
	if r.Error != nil {
		return line("error", r.Error.Code, strings.TrimSuffix(r.Error.Message+" → "+r.Error.Hint, " → "))
	}
	return nil
}

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

type junitCase struct {
	Name    string     `xml:"name,attr"`
	Class   string     `xml:"classname,attr"`
	Time    float64    `xml:"time,attr"`
	Failure *junitNote `xml:"failure,omitempty"`
	Error   *junitNote `xml:"error,omitempty"`
	Skipped *junitNote `xml:"skipped,omitempty"`
}

type junitNote struct {
	Message string `xml:"message,attr"`
}

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
		s.Cases = append(
			s.Cases,
			junitCase{
				Name:  r.Command,
				Class: s.Name,
				Error: &junitNote{r.Error.Code + ": " + printable.EscapeLine(r.Error.Message)},
			},
		)
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
