package reply

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
