package memory

import (
	"errors"
	"io"
)

// Loan counts the bytes that one request holds. It is not safe for concurrent use. Call
// Reset before use.
type Loan struct {
	budget *Budget
	held   int64
}

// Reset makes l an empty loan from a budget. What was held before must have been given back.
func (l *Loan) Reset(b *Budget) { l.budget, l.held = b, 0 }

// Take adds n bytes to the loan, until Release or GiveBack. The error is ErrExhausted when
// all requests together would hold too much.
func (l *Loan) Take(n int64) error {
	if n <= 0 {
		return nil
	}
	if !l.budget.take(n) {
		return ErrExhausted
	}
	l.held += n
	return nil
}

// Release returns n bytes of the loan to its budget, at most all of them.
func (l *Loan) Release(n int64) {
	if n = min(n, l.held); n > 0 {
		l.budget.giveBack(n)
		l.held -= n
	}
}

// GiveBack returns all bytes of the loan to its budget.
func (l *Loan) GiveBack() {
	if l.held > 0 {
		l.budget.giveBack(l.held)
		l.held = 0
	}
}

// FirstRead is the capacity, in bytes, of the first buffer for a body of unknown length.
const FirstRead = 4 << 10

// maxAnnounced is how many bytes at most are allocated for a length that was only announced.
const maxAnnounced = 256 << 10

// ReadAll appends all of r to buf, and stops when buf is longer than limit bytes. size is
// the announced length, -1 if unknown; memory grows with the bytes that really come. The
// error is ErrExhausted when all requests together would hold too much, else r's own.
func (l *Loan) ReadAll(buf []byte, r io.Reader, size, limit int64) ([]byte, error) {
	if want := int(min(size, maxAnnounced)); want > cap(buf) {
		buf = append(make([]byte, 0, want), buf...)
	}
	if err := l.Take(min(max(size, int64(len(buf))), int64(cap(buf)))); err != nil {
		return buf, err
	}
	for int64(len(buf)) <= limit {
		if len(buf) == cap(buf) {
			if size == int64(len(buf)) {
				isEnd, err := l.readPastSize(&buf, r, limit)
				if isEnd || err != nil {
					return buf, err
				}
				size = -1
				continue
			}
			var err error
			if buf, err = l.grow(buf, size, limit); err != nil {
				return buf, err
			}
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
	}
	return buf, nil
}

// readPastSize reports whether r ends at the announced length, without enlarging buf for
// that. When it does not end there, it appends the byte that it had to read.
func (l *Loan) readPastSize(buf *[]byte, r io.Reader, limit int64) (isEnd bool, err error) {
	var one [1]byte
	n, err := r.Read(one[:])
	if n == 0 && errors.Is(err, io.EOF) {
		return true, nil
	}
	if *buf, err = l.grow(*buf, -1, limit); err == nil {
		*buf = append(*buf, one[:n]...)
	}
	return false, err
}

// grow returns buf with twice the capacity, but not beyond size, if that is known, or one
// byte more than limit.
func (l *Loan) grow(buf []byte, size, limit int64) ([]byte, error) {
	want := min(max(2*int64(cap(buf)), FirstRead), limit+1)
	if size > int64(len(buf)) {
		want = min(want, size)
	}
	want = max(want, int64(len(buf))+1)
	if err := l.Take(want - int64(cap(buf))); err != nil {
		return buf, err
	}
	grown := make([]byte, len(buf), want)
	copy(grown, buf)
	return grown, nil
}
