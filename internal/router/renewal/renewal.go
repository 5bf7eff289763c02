// Package renewal keeps a value that ends, such as a token, and has it made again before its
// end. Call Value.Get for each use.
//
// It starts no goroutine and writes nothing to a log.
package renewal

import (
	"context"
	"time"
)

// A value is renewed margin before its end. When that fails, the old one serves on, and the
// next attempt is made after pause. A renewal may take patience.
const (
	margin   = 5 * time.Minute
	pause    = 30 * time.Second
	patience = 30 * time.Second
)

// Error is the error of a value that cannot be had.
type Error struct {
	Text        string // what is wrong, and what to do
	Err         error  // the cause; may be nil
	IsTemporary bool   // the same attempt may succeed later
}

// Error returns the text and the cause.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Text
	}
	return e.Text + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Value is a value of type T with an end. New makes one. Several goroutines may use it at once.
type Value[T any] struct {
	fetch   func(ctx context.Context) (value T, end time.Time, err error)
	turn    chan struct{} // holds one token: who has it may change the rest
	value   T
	end     time.Time
	hasOne  bool
	renewAt time.Time
}

// New returns a Value that fetch makes. fetch returns the value and when it ends, the zero
// time for never. It is never called twice at the same time.
func New[T any](fetch func(ctx context.Context) (T, time.Time, error)) *Value[T] {
	v := &Value[T]{fetch: fetch, turn: make(chan struct{}, 1)}
	v.turn <- struct{}{}
	return v
}

// Get returns the value, renewed if it ends soon. It waits for a renewal in progress, until
// ctx ends. The renewal itself goes on without ctx, since others wait for it, too.
func (v *Value[T]) Get(ctx context.Context, now time.Time) (T, error) {
	select {
	case <-v.turn:
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
	defer func() { v.turn <- struct{}{} }()
	if v.hasOne && (v.renewAt.IsZero() || now.Before(v.renewAt)) {
		return v.value, nil
	}
	long, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	value, end, err := v.fetch(long)
	if err != nil {
		if v.hasOne && now.Before(v.end) {
			v.renewAt = now.Add(pause)
			return v.value, nil
		}
		v.hasOne = false
		return value, err
	}
	v.value, v.end, v.hasOne, v.renewAt = value, end, true, time.Time{}
	if !end.IsZero() {
		v.renewAt = end.Add(-min(margin, end.Sub(now)/4))
	}
	return value, nil
}

// Forget drops the value, which turned out to be useless. It reports whether another one may
// be had: a value that never ends would be made from the same source again.
func (v *Value[T]) Forget() bool {
	<-v.turn
	defer func() { v.turn <- struct{}{} }()
	mayDiffer := v.hasOne && !v.end.IsZero()
	v.hasOne = false
	return mayDiffer
}
