package upstream

import (
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/memory"
	"github.com/flowgate-go/flowgate/internal/router/reply"
	"github.com/flowgate-go/flowgate/internal/router/translate"
	"github.com/flowgate-go/flowgate/internal/router/watchdog"
)

// translateStream replaces the source of a stream, whose beginning is in x.body, with one
// that gives the stream in the client's dialect. err is the error of the last read.
func (x *Exchange) translateStream(a *reply.Answer, err error) {
	first := bytes.Clone(x.body)
	x.body = x.body[:0]
	a.Source = &translatedStream{source: a.Source, guard: a.Guard, loan: x.loan, stream: x.call.Stream(),
		first: first, err: err}
}

// translatedStream is a reader of an upstream's stream in the client's dialect.
type translatedStream struct {
	source io.ReadCloser
	guard  *watchdog.Guard
	loan   *memory.Loan
	stream *translate.Stream
	first  []byte // the beginning of the upstream's stream, not yet translated
	out    []byte // the last piece that was translated
	read   int    // bytes of out that were read
	chunk  [8 << 10]byte
	held   int64 // bytes of the loan that the stream takes
	err    error // once set, nothing more is read from the upstream
	isDone bool  // the stream's end was translated
}

// heldStep is the smallest number of bytes that a stream adds to its share of the loan.
const heldStep = 64 << 10

// Read reads what the client gets next. It returns a read error of the upstream
// unchanged: the caller then ends the client's stream with that error.
func (s *translatedStream) Read(p []byte) (int, error) {
	for s.read == len(s.out) {
		switch {
		case s.err != nil && s.first == nil:
			return 0, s.err
		case s.stream.IsOver() && s.first == nil:
			s.drain()
			s.err = io.EOF
			return 0, s.err
		}
		s.translateNext()
	}
	n := copy(p, s.out[s.read:])
	s.read += n
	return n, nil
}

// translateNext translates the next piece of the upstream's stream.
func (s *translatedStream) translateNext() {
	piece := s.first
	if s.first = nil; piece == nil {
		var n int
		n, s.err = s.source.Read(s.chunk[:])
		piece = s.chunk[:n]
		s.guard.Progress()
	}
	s.out, s.read = s.stream.Append(s.out[:0], piece), 0
	if errors.Is(s.err, io.EOF) && !s.isDone {
		s.out, s.isDone = s.stream.End(s.out), true
	}
	size := int64(s.stream.Size() + cap(s.out))
	if size < s.held+heldStep {
		return
	}
	if err := s.loan.Take(size - s.held); err != nil {
		s.out, s.err = s.out[:0], err
		return
	}
	s.held = size
}

const (
	// drainTimeout is how long a stream may take from its last event to its end. Its end
	// is read so that the connection can serve the next request.
	drainTimeout = time.Second

	// maxDrained is how many bytes are read at most after the last event.
	maxDrained = 64 << 10
)

// drain reads what follows the last event of a stream, unless the stream failed.
func (s *translatedStream) drain() {
	if s.stream.Failure() != "" {
		return
	}
	s.guard.EndAfter(s.guard.Elapsed() + drainTimeout)
	s.guard.Progress()
	_, _ = io.Copy(io.Discard, io.LimitReader(s.source, maxDrained)) // what follows the last event does not matter
}

// Close closes the upstream's stream.
func (s *translatedStream) Close() error { return s.source.Close() }
