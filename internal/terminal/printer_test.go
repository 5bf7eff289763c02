package terminal_test

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/flowgate-go/flowgate/internal/terminal"
)

// print returns what a Printer of that style writes.
func print(s terminal.Style, write func(p *terminal.Printer)) string {
	var out strings.Builder
	p := terminal.NewPrinter(&out, s)
	write(p)
	return out.String()
}

func TestALineFitsTheWidthAndBreaksNoWord(t *testing.T) {
	t.Parallel()
	out := print(terminal.Style{Width: 20}, func(p *terminal.Printer) {
		p.Line(2, terminal.Span{Text: "a service that waits for another-very-long-name-of-one"})
	})
	if want := "  a service that\n    waits for\n    another-very-long-name-of-one\n"; out != want {
		t.Errorf("got\n%s", out)
	}
	out = print(terminal.Style{}, func(p *terminal.Printer) { p.Line(0, terminal.Span{Text: strings.Repeat("x ", 200)}) })
	if strings.Count(out, "\n") != 1 {
		t.Errorf("a line without a width was broken: %q", out)
	}
}

func TestACommandIsNeverBroken(t *testing.T) {
	t.Parallel()
	out := print(terminal.Style{Width: 10}, func(p *terminal.Printer) { p.Command(2, "mage profile:set balanced -jq .ok") })
	if out != "  mage profile:set balanced -jq .ok\n" {
		t.Errorf("got %q", out)
	}
}

func TestOnlyATerminalWithColoursGetsThem(t *testing.T) {
	t.Parallel()
	write := func(p *terminal.Printer) {
		p.Line(0, terminal.Span{Text: "well done", Tone: terminal.Good}, terminal.Span{Text: "!", Tone: terminal.Bad})
	}
	if out := print(terminal.Style{}, write); out != "well done!\n" {
		t.Errorf("got %q", out)
	}
	if out := print(terminal.Style{Color: true}, write); out != "\x1b[32mwell\x1b[0m \x1b[32mdone\x1b[0m\x1b[31m!\x1b[0m\n" {
		t.Errorf("got %q", out)
	}
}

func table(p *terminal.Printer) {
	p.Table(0, []string{"SERVICE", "STATE", "EMPTY", "NOTE"}, [][]terminal.Span{
		{{Text: "litellm"}, {Text: "ready"}, {}, {Text: "it answers since a quarter of an hour"}},
		{{Text: "ü"}, {Text: "down \x1b[31m"}, {}, {}},
	})
}

func TestATableFitsEveryWidth(t *testing.T) {
	t.Parallel()
	for width, want := range map[int]string{
		0: "SERVICE  STATE          NOTE\n" +
			"litellm  ready          it answers since a quarter of an hour\n" +
			"ü        down \\x1b[31m\n",
		50: "SERVICE  STATE          NOTE\n" +
			"litellm  ready          it answers since a quarter\n" +
			"                        of an hour\n" +
			"ü        down \\x1b[31m\n",
		30: "service: litellm\nstate: ready\nnote: it answers since a\n  quarter of an hour\n\n" +
			"service: ü\nstate: down \\x1b[31m\n",
	} {
		out := print(terminal.Style{Width: width}, table)
		if out != want {
			t.Errorf("width %d:\n%s", width, out)
		}
		for line := range strings.Lines(out) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); width > 0 && n > width {
				t.Errorf("width %d: %d columns: %s", width, n, line)
			}
		}
	}
	if out := print(terminal.Style{}, func(p *terminal.Printer) { p.Table(0, []string{"A"}, nil) }); out != "" {
		t.Errorf("a table without rows: %q", out)
	}
}

func TestNoTextControlsATerminalOrACISystem(t *testing.T) {
	t.Parallel()
	const evil = "\x1b]0;owned\a\n::error title=x::y ##[error]z \u202e"
	for _, color := range []bool{false, true} {
		out := print(terminal.Style{Color: color}, func(p *terminal.Printer) {
			p.Note(terminal.Bad, evil)
			p.Field("name", evil)
			p.Command(0, evil)
			p.Block(0, evil)
			p.Diff([]string{evil})
			p.Table(0, []string{"A", "B"}, [][]terminal.Span{{{Text: evil}, {Text: evil}}})
			p.Line(0, terminal.Span{Text: "::error::x"})
		})
		if strings.ContainsAny(out, "\a\u202e") || strings.Contains(out, "]0;") && strings.Contains(out, "\x1b]") {
			t.Errorf("color %v: %q", color, out)
		}
		for line := range strings.Lines(out) {
			if !color && (strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[")) {
				t.Errorf("a workflow command: %q", line)
			}
		}
	}
}

// failing is a writer that fails after the first write.
type failing struct{ writes int }

func (f *failing) Write(p []byte) (int, error) {
	if f.writes++; f.writes > 1 {
		return 0, errors.New("disk full")
	}
	return len(p), nil
}

func TestThePrinterKeepsTheFirstErrorAndStops(t *testing.T) {
	t.Parallel()
	w := &failing{}
	p := terminal.NewPrinter(w, terminal.Style{})
	for range 4 {
		p.Line(0, terminal.Span{Text: "x"})
	}
	if p.Err() == nil || w.writes != 2 {
		t.Errorf("%v after %d writes", p.Err(), w.writes)
	}
}

func TestQuantitiesReadAsPeopleSayThem(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		terminal.Duration(31 * time.Millisecond):        "31 ms",
		terminal.Duration(90 * time.Second):             "1 min",
		terminal.Duration(2*time.Hour + 10*time.Minute): "2 h 10 min",
		terminal.Duration(50 * time.Hour):               "2 d 2 h",
		terminal.Duration(48 * time.Hour):               "2 d",
		terminal.Bytes(0):                               "0 B",
		terminal.Bytes(999):                             "999 B",
		terminal.Bytes(1234):                            "1.2 kB",
		terminal.Bytes(15122432):                        "15 MB",
		terminal.Bytes(999_999):                         "1.0 MB",
		terminal.Bytes(5_000_000_000_000_000):           "5000 TB",
		terminal.Count(1, "check"):                      "1 check",
		terminal.Count(0, "check"):                      "0 checks",
		terminal.Join(", ", "", "a", "", "b"):           "a, b",
		terminal.Time(time.Time{}):                      "",
	} {
		if got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}
