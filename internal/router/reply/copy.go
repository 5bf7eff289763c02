package reply

// copyStream sends a stream piece by piece as it comes. The status has been sent by then,
// so a failure becomes an event of the dialect.
func (w *Writer) copyStream(a *Answer) End {
	w.openStream(a)
	for {
		w.redactOut(a)
		if a.Events.Content {
			a.Guard.ClearEnd()
		}
		a.Guard.Pause() // the upstream is not to blame for a slow client
		if err := w.flushOut(a); err != nil {
			return clientEnd(err)
		}
		a.Guard.Progress()
		piece, err := w.ReadPiece(a.Source)
		w.out = a.Events.Append(w.out[:0], piece)
		if err != nil {
			return w.finishStream(a, err)
		}
	}
}

// openStream sends the headers of a stream, together with the next write. From then on only copyStream
// writes events, beginning with those up to the first content, which are in out; keep-alives are comments.
func (w *Writer) openStream(a *Answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = nil
	w.commit(a)
}

// finishStream sends the end of a stream, whose last piece is in out, and returns how it ended. err is the
// error of the last read.
func (w *Writer) finishStream(a *Answer, err error) End {
	w.out = a.Events.EndInput(w.out)
	w.redactOut(a)
	if a.Events.Content {
		a.Guard.ClearEnd()
	}
	end := w.upstreamEnd(a, err)
	w.endStream(a, end)
	w.writeLast()
	return end
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
