package report

import (
	"fmt"
	"io"
	"time"

	"github.com/flowgate-go/flowgate/internal/printable"
	"github.com/flowgate-go/flowgate/internal/terminal"
)

// eraseLine moves the cursor to the start of its line and erases the line (ECMA-48).
const eraseLine = "\r\x1b[K"

// A transient line is first shown after firstDelay, so that quick work shows none. Then it
// changes at most once in nextDelay, and at least once per tick to show the elapsed time.
const (
	firstDelay = 300 * time.Millisecond
	nextDelay  = 100 * time.Millisecond
	tick       = time.Second
)

// transient is a line on the terminal that says what happens now: the next text replaces
// it, and it is erased at the end. Output.mu guards it.
type transient struct {
	text    string      // what happens now
	began   time.Time   // the time of the first text
	timer   *time.Timer // calls Output.drawTransient; nil before the first text
	waiting bool        // the timer is to draw a new text, not only the time
	shown   bool        // the line is on the terminal
}

// Step shows on a terminal what a target does now, in a transient line that the next step or
// the report replaces. Without a terminal, and in formats other than text, it shows nothing.
func (o *Output) Step(text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.setTransient(text)
}

// hasTransient reports whether transient lines may be shown: the text format is printed on a
// terminal, without a filter.
func (o *Output) hasTransient() bool { return o.Terminal && o.Format == Text && o.Filter == nil }

// countCheck shows how many checks have finished, and the ID of the last one.
func (o *Output) countCheck(id string) {
	o.finished++
	o.setTransient(fmt.Sprintf("%d checked, last %s", o.finished, id))
}

// setTransient makes text appear soon, if transient lines are shown.
func (o *Output) setTransient(text string) {
	if !o.hasTransient() || o.Dumb {
		return
	}
	o.line.text = text
	switch {
	case o.line.timer == nil:
		o.line.began = time.Now()
		o.line.timer = time.AfterFunc(firstDelay, o.drawTransient)
	case !o.line.waiting:
		o.line.timer.Reset(nextDelay)
	}
	o.line.waiting = true
}

// drawTransient replaces the line by the last text. It cuts the text to the width of the
// terminal, because a wrapped line cannot be erased.
func (o *Output) drawTransient() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.line.timer == nil { // the line was ended while this call waited for the lock
		return
	}
	text := o.line.text
	if elapsed := time.Since(o.line.began); elapsed >= tick {
		text = terminal.Duration(elapsed) + "  " + text
	}
	line := []rune(printable.EscapeLine(text))
	if width := o.Style.Width; width > 1 && len(line) >= width {
		line = append(line[:width-2], '…')
	}
	_, _ = io.WriteString(o.Stderr, eraseLine+string(line))
	o.line.waiting, o.line.shown = false, true
	o.line.timer.Reset(tick)
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

// Messages returns a writer of whole lines on stderr, for messages that stay. The transient
// line is erased before each message and drawn again below it.
func (o *Output) Messages() io.Writer { return messageWriter{o} }

// messageWriter is the writer that Output.Messages returns.
type messageWriter struct{ out *Output }

// Write writes a message of one or several whole lines.
func (w messageWriter) Write(text []byte) (int, error) {
	w.out.mu.Lock()
	defer w.out.mu.Unlock()
	line := &w.out.line
	if line.shown {
		_, _ = io.WriteString(w.out.Stderr, eraseLine)
		line.shown, line.waiting = false, true
		line.timer.Reset(nextDelay)
	}
	return w.out.Stderr.Write(text)
}
