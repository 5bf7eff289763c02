package reply

// maxOpening is how many bytes of a stream are held back at most before its first content.
// The first events of a Responses stream repeat the instructions and tools.
const maxOpening = 512 << 10

// HoldOpening begins to hold back the events of a stream before its first content.
func (w *Writer) HoldOpening(a *Answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held, w.out = a, w.out[:0]
}

// DropOpening forgets the events that are held back.
func (w *Writer) DropOpening() { w.HoldOpening(nil) }

// Opening returns the events that are held back.
func (w *Writer) Opening() []byte { return w.out }

// AppendOpening adds a piece of a stream to the events that are held back. It reports
// whether the stream must begin for the client: it has content, the opening is too long to
// hold back, or a keep-alive has sent it already. isLast says that the stream ends with
// the piece.
func (w *Writer) AppendOpening(a *Answer, piece []byte, isLast bool) (hasBegun bool) {
	if !w.mu.TryLock() { // a keep-alive is being written
		a.Guard.Pause() // the upstream is not to blame for a slow client
		w.mu.Lock()
		a.Guard.Progress()
	}
	defer w.mu.Unlock()
	if w.out = a.Events.Append(w.out, piece); isLast {
		w.out = a.Events.EndInput(w.out)
	}
	return a.Events.Content || w.isReleased || len(w.out) > maxOpening && !a.Events.Failed
}

// SetOpening sets the first events of a stream that are not held back.
func (w *Writer) SetOpening(a *Answer, events []byte) { w.out = a.Events.Append(w.out[:0], events) }
