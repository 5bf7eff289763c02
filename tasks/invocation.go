package tasks

import (
	"context"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/flowgate-go/flowgate/internal/commandline"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/terminal"
)

// invocation is what the program was started with.
type invocation struct {
	line   commandline.Line
	print  printOptions
	stdin  *os.File
	stdout *os.File
	stderr *os.File
	getenv func(string) string
}

// started is the invocation of this program. Main completes it once, before any target runs.
// It is a package variable because mage calls a target with the target's own parameters only.
var started = invocation{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv}

// printWithoutTarget prints err, or the targets of the namespace that was typed
// alone, and returns the exit status.
func (i invocation) printWithoutTarget(line commandline.Line, err error) int {
	options, optionsErr := parsePrintOptions(line.Common, i.getenv)
	if optionsErr != nil {
		options = printOptions{}
	}
	now := time.Now()
	r := newReport(line.First, now)
	if err != nil {
		r.Finish(nil, err, now)
	} else {
		r.Finish(describeTargets(catalogue.Within(line.Namespace)), nil, now)
	}
	if err := i.newOutput(options).Emit(context.Background(), r); err != nil {
		return i.printFailure(err)
	}
	return 0
}

// printOptions holds how reports are printed: the common flags, parsed and compiled.
type printOptions struct {
	format       report.Format // "": text when people read it, else JSON
	verbose      bool          // the text format shows checks that passed or were skipped, too
	filter       *report.Filter
	raw          bool
	exitByFilter bool
}

// parsePrintOptions reads the common flags. FLOWGATE_FORMAT applies without -format and
// without -jq, which works on JSON. Faults: format-unknown, flag-invalid, jq-invalid.
func parsePrintOptions(common map[string]string, getenv func(string) string) (printOptions, error) {
	expr, filtered := common["jq"]
	name := common["format"]
	if name == "" && !filtered {
		name = getenv("FLOWGATE_FORMAT")
	}
	o := printOptions{
		raw: common["raw"] == "true", exitByFilter: common["exit"] == "true", verbose: common["verbose"] == "true",
	}
	if name != "" || filtered {
		format, err := report.ParseFormat(name)
		if err != nil {
			return printOptions{}, err
		}
		o.format = format
	}
	if !filtered {
		return o, nil
	}
	if o.format != report.JSON && o.format != report.JSONL {
		return o, fault.Usage("flag-invalid", "-jq works on JSON and -format is %s", o.format).
			WithHint("leave one of the two out")
	}
	var err error
	o.filter, err = report.CompileFilter(expr)
	return o, err
}

// newOutput returns where and how one target's report is printed. When no format was asked
// for, it is text if stdout is a terminal outside of a CI system, else JSON.
func (i invocation) newOutput(o printOptions) *report.Output {
	stdoutIsTerminal, stderrIsTerminal := term.IsTerminal(int(i.stdout.Fd())), term.IsTerminal(int(i.stderr.Fd()))
	live := stderrIsTerminal && i.line.Common["quiet"] != "true"
	if o.format == "" {
		o.format = report.JSON
		if ci := i.getenv("CI"); stdoutIsTerminal && (ci == "" || ci == "false" || ci == "0") {
			o.format = report.Text
		}
	}
	return &report.Output{
		Stdout: i.stdout, Stderr: i.stderr, Format: o.format, Verbose: o.verbose,
		Filter: o.filter, Raw: o.raw, ExitByFilter: o.exitByFilter,
		Indent: stdoutIsTerminal, Live: live, Terminal: stdoutIsTerminal && live, Style: i.textStyle(),
		Joined: stdoutIsTerminal && stderrIsTerminal || isSameFile(i.stdout, i.stderr), Dumb: i.isDumb(),
	}
}

// isDumb reports whether the terminal obeys no escape sequences.
func (i invocation) isDumb() bool { return i.getenv("TERM") == "dumb" }

// isSameFile reports whether two open files are one: a file, a pipe or a terminal.
func isSameFile(a, b *os.File) bool {
	first, err := a.Stat()
	if err != nil {
		return false
	}
	second, err := b.Stat()
	return err == nil && os.SameFile(first, second)
}

// textStyle returns how text looks on stdout: in the terminal's width, and in colour
// unless -plain or NO_COLOR is set (https://no-color.org) or the terminal has none.
func (i invocation) textStyle() terminal.Style {
	fd := int(i.stdout.Fd())
	if !term.IsTerminal(fd) {
		return terminal.Style{}
	}
	width, _, err := term.GetSize(fd)
	if err != nil {
		width = 0
	}
	plain := i.getenv("NO_COLOR") != "" || i.line.Common["plain"] == "true" || i.isDumb()
	return terminal.Style{Width: width, Color: !plain}
}
