package report

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/printable"
	"github.com/flowgate-go/flowgate/internal/terminal"
)

// Format is one of the ways to print a report.
type Format string

// The formats that every target knows.
const (
	JSON   Format = "json"   // one document
	JSONL  Format = "jsonl"  // a line per check as it finishes, then the report
	Text   Format = "text"   // for people
	GitHub Format = "github" // workflow annotations
	JUnit  Format = "junit"  // checks as test cases
	SARIF  Format = "sarif"  // SARIF 2.1.0, for code scanning
)

// ParseFormat returns the format with that name; its fault is format-unknown.
func ParseFormat(name string) (Format, error) {
	switch f := Format(name); f {
	case "":
		return JSON, nil
	case JSON, JSONL, Text, GitHub, JUnit, SARIF:
		return f, nil
	}
	return "", fault.Usage("format-unknown", "unknown format %q", name).
		WithHint("one of json, jsonl, text, github, junit, sarif")
}

// Output is how and where a report is printed. The zero value with Stdout set
// prints JSON on one line. Its methods may be called from several goroutines.
type Output struct {
	Stdout       io.Writer
	Stderr       io.Writer // for what people see while the target runs, when Live
	Format       Format
	Filter       *Filter // nil: the whole document
	Raw          bool    // print strings without quotes
	ExitByFilter bool    // exit 1 when the filter's last value is false, null or absent
	Indent       bool    // indent JSON; set when stdout is a terminal
	Live         bool    // stderr is a terminal, and the user did not ask for quiet
	Quiet        bool    // print no report of success
	Verbose      bool    // the text format shows checks that passed or were skipped, too

	// Terminal is set when stdout and stderr are terminals. The text format then shows
	// running checks as one transient line.
	Terminal bool
	// Dumb is set when the terminal obeys no escape sequences (TERM=dumb): nothing is erased or drawn again.
	Dumb bool
	// Joined is set when stdout and stderr go to the same place: a terminal, or one log. The
	// text format then leaves the error to stderr, so that nobody reads it twice.
	Joined bool
	Style  terminal.Style // of the text format

	finished int       // the number of checks that Stream has shown
	line     transient // what happens now

	mu sync.Mutex
}

// Exit is the error that a target returns: mage prints its text on stderr and exits
// with its ExitStatus.
type Exit struct {
	Status  int
	Message string
}

// Error returns the message.
func (e *Exit) Error() string { return e.Message }

// ExitStatus implements the interface that mage asks the outermost error for.
func (e *Exit) ExitStatus() int { return e.Status }

// Emit prints the report once and whole, and returns nil or an *Exit. When the
// filter fails, the report is printed without it: with the filter's failure as
// its error, unless the command itself failed. Then the report keeps its own error, hint and
// exit status, and only the message on stderr adds the filter's failure. Data that cannot be
// printed is left out, and is the report's error unless the command itself failed.
func (o *Output) Emit(ctx context.Context, r *Report) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.Quiet && r.exit == 0 {
		return nil
	}
	page, err := o.render(ctx, r)
	filterFault := (*fault.Error)(nil)
	if errors.As(err, &filterFault) {
		r.takeFilterFault(filterFault)
		page, err = o.renderUnfiltered(r)
	}
	if err != nil && !errors.Is(err, ErrNoOutput) {
		r.takeRenderFault(err)
		page, err = o.renderUnfiltered(r)
	}
	o.endTransient()
	if err := o.writePage(page); err != nil {
		return err
	}
	if r.exit == 0 {
		return o.renderExit(err)
	}
	if r.Error == nil && o.Joined && o.Format == Text && o.Filter == nil { // the report above says which checks failed
		return &Exit{r.exit, r.Command + " found " + r.countProblems()}
	}
	return exitError(r, filterFault)
}

// writePage writes a whole page to stdout. A reader that has left is not an error.
func (o *Output) writePage(page []byte) error {
	if _, err := o.Stdout.Write(page); err != nil && !errors.Is(err, syscall.EPIPE) {
		return &Exit{fault.ExitFailed, "write report to stdout: " + err.Error()}
	}
	return nil
}

// renderExit returns the *Exit of a successful command whose page was rendered with
// err: nil, or ErrNoOutput of a filter, which counts with ExitByFilter.
func (o *Output) renderExit(err error) error {
	switch {
	case err == nil, errors.Is(err, ErrNoOutput) && !o.ExitByFilter:
		return nil
	case errors.Is(err, ErrNoOutput):
		return &Exit{fault.ExitFailed, ErrNoOutput.Error()}
	}
	return &Exit{fault.ExitFailed, "render report: " + err.Error()}
}

// takeFilterFault makes the failure of a filter the report's error unless the
// command itself failed.
func (r *Report) takeFilterFault(f *fault.Error) {
	if r.exit != 0 {
		return
	}
	r.OK, r.exit = false, f.Exit
	r.Checks, r.Summary, r.Data = nil, nil, nil
	r.Error = &Problem{Code: f.Code, Message: f.Message, Hint: f.Hint}
}

// takeRenderFault leaves out what cannot be printed, such as a number that JSON does not have, and makes that the
// report's error unless the command itself failed.
func (r *Report) takeRenderFault(err error) {
	r.Data = nil
	r.Checks = slices.Clone(r.Checks)
	for i := range r.Checks {
		r.Checks[i].Detail = nil
	}
	if r.Error != nil {
		r.Error.Detail = nil
	}
	if r.exit == 0 {
		f := fault.From(fmt.Errorf("render report: %w", err))
		r.OK, r.exit, r.Error = false, f.Exit, &Problem{Code: f.Code, Message: f.Message}
	}
}

// render returns the report in the format asked for, filtered. Errors: ErrNoOutput and
// the faults of the filter.
func (o *Output) render(ctx context.Context, r *Report) ([]byte, error) {
	if o.Filter == nil {
		return o.renderUnfiltered(r)
	}
	doc, err := toDocument(r)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil { // the report of an interrupted command is still filtered, within bounds
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
	}
	var page bytes.Buffer
	err = o.Filter.Print(ctx, &page, doc, o.Raw, o.Indent)
	return page.Bytes(), err
}

// renderUnfiltered returns the whole report.
func (o *Output) renderUnfiltered(r *Report) ([]byte, error) {
	var page bytes.Buffer
	err := o.writeFormat(&page, r)
	return page.Bytes(), err
}

// writeFormat writes the whole report in the format asked for, in JSON when there is a
// filter, which takes no other format.
func (o *Output) writeFormat(w io.Writer, r *Report) error {
	if o.Filter != nil {
		return writeJSON(w, r, o.Indent)
	}
	switch o.Format {
	case Text:
		return o.writeText(w, r)
	case GitHub:
		return writeEscaped(w, r, writeGitHub, printable.EscapeLines)
	case JUnit:
		return writeJUnit(w, r)
	case SARIF:
		return writeSARIF(w, r, o.Indent)
	}
	return writeJSON(w, r, o.Indent && o.Format != JSONL)
}

// Stream shows one finished check while others still run. On a terminal it writes a line to
// stderr: a transient one when the text format will show the check in the report, else one
// that stays. The jsonl format also gets a line on stdout.
func (o *Output) Stream(c Result) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.hasTransient():
		o.countCheck(c.ID)
	case o.Live:
		p := terminal.NewPrinter(o.Stderr, terminal.Style{})
		printCheck(p, c, 0)
	}
	if o.Format == JSONL && o.Filter == nil {
		var line bytes.Buffer
		if writeJSON(&line, c, false) == nil {
			_, _ = o.Stdout.Write(line.Bytes())
		}
	}
}

// ErrReaderGone says that the reader of stdout has left (| head -1), which is
// how an endless stream usually ends.
var ErrReaderGone = errors.New("the reader of stdout has left")

// Line prints one value of an endless stream (logs -follow), filtered like a
// report. It returns ErrReaderGone when stdout is a pipe that is no longer read.
func (o *Output) Line(v any) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var line bytes.Buffer
	if o.Filter == nil && o.Format == Text {
		if err := printData(terminal.NewPrinter(&line, o.Style), &line, v); err != nil {
			return err
		}
	} else if o.Filter == nil {
		if err := writeJSON(&line, v, false); err != nil {
			return err
		}
	} else {
		doc, err := toDocument(v)
		if err != nil {
			return err
		}
		if err := o.Filter.Print(context.Background(), &line, doc, o.Raw, false); err != nil && !errors.Is(err, ErrNoOutput) {
			return err
		}
	}
	_, err := o.Stdout.Write(line.Bytes())
	if errors.Is(err, syscall.EPIPE) {
		return ErrReaderGone
	}
	return err
}

// writeJSON writes v as JSON, on one line unless indent is set, without the escape sequences that
// a terminal would obey.
func writeJSON(w io.Writer, v any, indent bool) error {
	e := json.NewEncoder(escapingWriter{w})
	e.SetEscapeHTML(false)
	if indent {
		e.SetIndent("", "  ")
	}
	return e.Encode(v)
}

// escapingWriter escapes JSON on its way to w. An encoder writes a document in one piece.
type escapingWriter struct{ w io.Writer }

// Write implements io.Writer.
func (e escapingWriter) Write(doc []byte) (int, error) {
	_, err := e.w.Write(printable.EscapeJSON(doc))
	return len(doc), err
}

// toDocument returns v as Filter.Print takes it.
func toDocument(v any) (any, error) {
	var b bytes.Buffer
	if err := writeJSON(&b, v, false); err != nil {
		return nil, err
	}
	return Decode(json.NewDecoder(&b))
}

// exitError returns the *Exit of a report, nil when it is ok. filterFault is the filter's failure,
// or nil.
func exitError(r *Report, filterFault *fault.Error) error {
	if r.exit == 0 {
		return nil
	}
	message := ""
	switch {
	case r.Error == nil:
		message = r.failureMessage()
	case r.Error.Hint != "":
		message = printable.EscapeLine(r.Error.Message) + "\n  hint: " + printable.EscapeLine(r.Error.Hint)
	default:
		message = printable.EscapeLine(r.Error.Message)
	}
	if filterFault != nil && (r.Error == nil || r.Error.Message != filterFault.Message) {
		message += "\n  the report is printed unfiltered: " + printable.EscapeLine(filterFault.Message)
	}
	return &Exit{r.exit, message}
}

// countProblems returns how many checks failed, or warned when none failed.
func (r *Report) countProblems() string {
	if r.Summary.Fail > 0 {
		return terminal.Count(r.Summary.Fail, "failure")
	}
	return terminal.Count(r.Summary.Warn, "warning")
}

// failureMessage returns what people read last on stderr: each check that failed, or
// that only warned when there are no failures and warnings count.
func (r *Report) failureMessage() string {
	status, noun := Fail, "failure"
	if r.Summary.Fail == 0 {
		status, noun = Warn, "warning"
	}
	var b strings.Builder
	b.WriteString(r.Command + " found a " + noun + ":")
	for _, c := range r.Checks {
		if c.Status == status {
			b.WriteString("\n  " + c.ID + ": " + printable.EscapeLine(reasonLine(c)))
		}
	}
	return b.String()
}
