package ledger_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

// A command that says "stopped" before that is on disk has its service come
// back when the supervisor is killed then.
func TestACommandIsNotAnsweredWhileWhatItDidIsBeingWritten(t *testing.T) {
	t.Parallel()
	begun, finish := make(chan struct{}), make(chan struct{})
	var written atomic.Bool
	r := ledger.NewRecorder(func() error {
		close(begun)
		<-finish
		written.Store(true)
		return nil
	}, func(error) {})
	r.WriteSoon()
	flushed, settled := make(chan error, 1), make(chan error, 1)
	go func() { flushed <- r.WriteNow() }()
	<-begun
	go func() { settled <- r.WritePending() }()
	select {
	case err := <-settled:
		t.Error("settled in the middle of a write")
		settled <- err
	case <-time.After(100 * time.Millisecond):
	}
	close(finish)
	if err := errors.Join(<-flushed, <-settled); err != nil || !written.Load() {
		t.Error(err)
	}
}

func TestWhatCouldNotBeWrittenIsWrittenByTheNextCommand(t *testing.T) {
	t.Parallel()
	full, writes := errors.New("full"), 0
	r := ledger.NewRecorder(func() error {
		if writes++; writes == 1 {
			return full
		}
		return nil
	}, func(error) {})
	r.WriteSoon()
	if err := r.WritePending(); !errors.Is(err, full) {
		t.Fatal(err)
	}
	for range 2 {
		if err := r.WritePending(); err != nil || writes != 2 {
			t.Errorf("%d writes, %v", writes, err)
		}
	}
}
