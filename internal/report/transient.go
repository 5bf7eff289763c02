package report

import (
	"fmt"
	"io"
	"time"

	"github.com/flowgate-go/flowgate/internal/printable"
)

// eraseLine moves the cursor to the start of its line and erases the line (ECMA-48).
const eraseLine = "\r\x1b[K"

// A line that goes away is first shown after firstDelay, so that quick work shows none,
// and then changes at most every nextDelay.
const (
	firstDelay = 300 * time.Millisecond
	nextDelay  = 100 * time.Millisecond
)

// transient is a line on the terminal that says what happens now: the next one takes
// its place, and nothing of it is left at the end. Output.mu guards it.
type transient struct {
	text    string      // what the line says next; "" when that is shown already
	timer   *time.Timer // calls Output.drawTransient; nil before the first text
	waiting bool        // the timer runs
	shown   bool        // a line stands on the terminal
}

// Step says on a terminal what a target does now, in a line that the next one, or the
// report, takes the place of. Elsewhere, and in other formats than text, it says nothing.
func (o *Output) Step(text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.setTransient(text)
}

// isTransient reports whether lines that go away may be shown: people read the text
// format on a terminal.
func (o *Output) isTransient() bool { return o.Terminal && o.Format == Text && o.Filter == nil }

// countCheck says how many checks have finished.
func (o *Output) countCheck(id string) {
	o.finished++
	o.setTransient(fmt.Sprintf("%d checked, last %s", o.finished, id))
}

// setTransient has text shown soon.
func (o *Output) setTransient(text string) {
	if !o.isTransient() {
		return
	}
	o.line.text = text
	switch {
	case o.line.timer == nil:
		o.line.timer = time.AfterFunc(firstDelay, o.drawTransient)
	case !o.line.waiting:
		o.line.timer.Reset(nextDelay)
	}
	o.line.waiting = true
}

// drawTransient puts the last text in the place of the one before. It is cut to the
// width of the terminal, since a wrapped line cannot be erased.
func (o *Output) drawTransient() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.line.waiting = false
	if o.line.text == "" {
		return
	}
	line := []rune(printable.EscapeLine(o.line.text))
	if width := o.Style.Width; width > 1 && len(line) >= width {
		line = append(line[:width-2], '…')
	}
	_, _ = io.WriteString(o.Stderr, eraseLine+string(line))
	o.line.text, o.line.shown = "", true
}

// endTransient erases the line, if there is one, and shows no other until the next text.
func (o *Output) endTransient() {
	if o.line.timer != nil {
		o.line.timer.Stop()
	}
	if o.line.shown {
		_, _ = io.WriteString(o.Stderr, eraseLine)
	}
	o.line = transient{}
}

// Messages returns a writer of whole lines on stderr, for messages that stay. The line
// that goes away does so before each of them.
func (o *Output) Messages() io.Writer { return messageWriter{o} }

type messageWriter struct{ out *Output }

func (w messageWriter) Write(text []byte) (int, error) {
	w.out.mu.Lock()
	defer w.out.mu.Unlock()
	w.out.endTransient()
	return w.out.Stderr.Write(text)
}
