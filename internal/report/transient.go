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

// A line that goes away is first shown after firstDelay, so that quick work shows none.
// Then it changes at most every nextDelay, and every tick to say how long it has been.
const (
	firstDelay = 300 * time.Millisecond
	nextDelay  = 100 * time.Millisecond
	tick       = time.Second
)

// transient is a line on the terminal that says what happens now: the next one takes
// its place, and nothing of it is left at the end. Output.mu guards it.
type transient struct {
	text    string      // what happens now
	began   time.Time   // the time of the first text
	timer   *time.Timer // calls Output.drawTransient; nil before the first text
	waiting bool        // the timer draws a new text, not only the time
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
		o.line.began = time.Now()
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
	if o.line.timer == nil { // it ended while this waited for the lock
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

// Messages returns a writer of whole lines on stderr, for messages that stay. The line
// that goes away does so before each of them and comes back below it.
func (o *Output) Messages() io.Writer { return messageWriter{o} }

type messageWriter struct{ out *Output }

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
