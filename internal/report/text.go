package report

import (
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
		if _, err := fmt.Fprintf(w, "%d passed, %d warned, %d failed, %d skipped in %.0f ms\n", s.Pass, s.Warn, s.Fail,
			s.Skip, r.DurationMS); err != nil {
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
