package tasks_test

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/tasks"
)

// TestSignalsEndTheContext is not parallel: the signals reach every context of this process.
//
//nolint:paralleltest // see above
func TestSignalsEndTheContext(t *testing.T) {
	received := make(chan os.Signal, 1)
	signal.Notify(received, syscall.SIGHUP, syscall.SIGTERM, os.Interrupt) // so that none ends the tests
	defer signal.Stop(received)
	send := func(s syscall.Signal) {
		if err := syscall.Kill(os.Getpid(), s); err != nil {
			t.Fatal(err)
		}
		<-received
	}
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM, syscall.SIGINT} {
		ctx, stop := tasks.CatchSignals(context.Background(), 0)
		send(s)
		<-ctx.Done()
		stop()

		ctx, stop = tasks.CatchSignals(context.Background(), time.Nanosecond)
		for ctx.Err() == nil { // it catches them soon, in a goroutine of its own
			send(s)
		}
		stop()

		ctx, stop = tasks.CatchSignals(context.Background(), time.Hour)
		send(s)
		if ctx.Err() != nil {
			t.Errorf("%v was caught before its time", s)
		}
		stop()
	}
}
