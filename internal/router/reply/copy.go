package reply

import (
	"net/http"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
)

// copyStream sends a stream piece by piece as it comes. The status has been sent by then,
// so a failure becomes an event of the dialect.
func (w *Writer) copyStream(a *Answer) End {
	if err := w.openStream(a); err != nil {
		return clientEnd(err)
	}
	for {
		piece, err := w.ReadPiece(a.Source)
		if w.out = a.Events.Append(w.out[:0], piece); err != nil {
			w.out = a.Events.EndInput(w.out)
		}
		w.redactOut(a)
		if a.Events.Content {
			a.Guard.ClearEnd()
		}
		if err != nil {
			end := w.upstreamEnd(a, err)
			w.endStream(a, end)
			w.writeLast()
			return end
		}
		if len(w.out) == 0 {
			a.Guard.Progress()
			continue
		}
		a.Guard.Pause() // the upstream is not to blame for a slow client
		if err := w.flushOut(a); err != nil {
			return clientEnd(err)
		}
		a.Guard.Progress()
	}
}

// openStream sends the headers of a stream and its events up to the first content. From
// then on only copyStream writes events; keep-alives are comments.
func (w *Writer) openStream(a *Answer) error {
	w.mu.Lock()
	w.held = nil
	w.commit(a)
	w.mu.Unlock()
	if a.Events.Content {
		a.Guard.ClearEnd()
	}
	a.Guard.Pause()
	defer a.Guard.Progress()
	w.redactOut(a)
	return w.flushOut(a)
}

// flushOut sends the bytes in out at once.
func (w *Writer) flushOut(a *Answer) error {
	if len(w.out) == 0 {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.write(w.out)
	w.inEvent, w.inLine = a.Events.InEvent(), a.Events.InLine()
	if w.interval > 0 {
		w.silence.Progress()
	}
	return err
}

// endStream appends to out what the end of a stream lacks: [DONE], or the error that ended it.
func (w *Writer) endStream(a *Answer, end End) {
	switch end.How {
	case Complete, Failed:
		w.out = a.Events.Finish(w.out)
		if end.How == Complete && w.request.Dialect.EndsWithDone() && !a.Events.Done {
			w.out = append(w.out, dialect.DoneEvent...)
		}
	case Truncated, Broken, TimedOut:
		w.out = a.Events.Abandon(w.out)
		w.out = append(w.out, w.errorEvent(end.Failure, http.StatusInternalServerError, a.Events.Events)...)
	}
}
