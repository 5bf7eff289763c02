package listen_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/router/listen"
)

var client = &http.Client{Transport: &http.Transport{}}

// eventually polls until done says so.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 5 s", what)
		}
	}
}

// startServer runs Serve until stop is called, which returns what Serve did.
func startServer(t *testing.T, h http.Handler, drain time.Duration) (addr string, stop context.CancelFunc,
	wait func() error) {
	t.Helper()
	return startWith(t, h, listen.Options{DrainTimeout: drain})
}

// startWith is startServer with other options.
func startWith(t *testing.T, h http.Handler, o listen.Options) (addr string, stop context.CancelFunc, wait func() error) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ready, done := make(chan string, 1), make(chan error, 1)
	o.Ready = func(a net.Addr) { ready <- a.String() }
	var owner sync.WaitGroup
	owner.Go(func() { done <- listen.Serve(ctx, "127.0.0.1:0", h, o) })
	t.Cleanup(func() { stop(); owner.Wait() })
	return <-ready, stop, func() error { return <-done }
}

func TestATakenPortIsReported(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	err = listen.Serve(t.Context(), l.Addr().String(), http.NotFoundHandler(), listen.Options{})
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != "port-in-use" || !strings.Contains(f.Message, l.Addr().String()) || f.Hint == "" {
		t.Errorf("%v", err)
	}
	if err = listen.Serve(t.Context(), "256.0.0.1:x", nil, listen.Options{}); !errors.As(err, &f) ||
		f.Code != "listen-failed" {
		t.Errorf("%v", err)
	}
}

func TestRequestsInFlightAreFinishedWhenTheServerStops(t *testing.T) {
	t.Parallel()
	begun, finish := make(chan struct{}), make(chan struct{})
	addr, stop, wait := startServer(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-finish
		fmt.Fprint(w, "whole")
	}), 0)
	answer := make(chan string, 1)
	var owner sync.WaitGroup
	owner.Go(func() {
		res, err := client.Get("http://" + addr)
		if err != nil {
			answer <- err.Error()
			return
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		answer <- string(b)
	})
	<-begun
	stop()
	eventually(t, "the listener closes", func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	})
	close(finish)
	if got := <-answer; got != "whole" {
		t.Errorf("answer %q", got)
	}
	owner.Wait()
	if err := wait(); err != nil {
		t.Errorf("Serve: %v", err)
	}
}

func TestTheDrainIsBounded(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	gone := make(chan struct{})
	addr, stop, wait := startServer(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
		close(gone)
	}), 50*time.Millisecond)
	var owner sync.WaitGroup
	owner.Go(func() {
		if res, err := client.Get("http://" + addr); err == nil {
			_ = res.Body.Close()
			t.Error("the request was answered")
		}
	})
	<-begun
	stop()
	if err := wait(); err != nil {
		t.Errorf("Serve: %v", err)
	}
	<-gone
	owner.Wait()
}

func TestRequestsAreTakenWhileTheServerLingers(t *testing.T) {
	t.Parallel()
	leaving := make(chan struct{})
	const span = 300 * time.Millisecond
	addr, stop, wait := startWith(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }),
		listen.Options{Linger: span, Leaving: func() { close(leaving) }})
	get := func() (*http.Response, error) {
		res, err := client.Get("http://" + addr)
		if err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
		return res, err
	}
	if res, err := get(); err != nil || res.Close {
		t.Fatalf("before the end: %v", err)
	}
	stop()
	began := time.Now()
	<-leaving
	if res, err := get(); time.Since(began) < span/2 && (err != nil || !res.Close) {
		t.Errorf("the connection is kept, or the request is lost: %v", err)
	}
	if err := wait(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took < span {
		t.Errorf("it ended after %v", took)
	}
	if _, err := get(); err == nil {
		t.Error("a request was answered after the end")
	}
}

func TestAnUnusedConnectionDoesNotDelayTheEnd(t *testing.T) {
	t.Parallel()
	addr, stop, wait := startServer(t, http.NotFoundHandler(), 10*time.Second)
	unused, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer unused.Close()
	res, err := client.Get("http://" + addr) // accepted after the unused one
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	reference := shutDownPlainServer(t)
	stop()
	ended := make(chan error, 1)
	go func() { ended <- wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-reference:
		t.Error("the server waits for a connection without a request, as net/http alone does")
	}
}

// shutDownPlainServer shuts a server of net/http alone down that has an unused connection too. It
// waits for that five seconds from the connection's beginning, on a slow machine longer; the result
// is closed when it has ended.
func shutDownPlainServer(t *testing.T) <-chan struct{} {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: time.Minute}
	var owner sync.WaitGroup
	owner.Go(func() { _ = server.Serve(l) })
	unused, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Get("http://" + l.Addr().String()) // accepted after the unused one
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	ended := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	owner.Go(func() {
		defer close(ended)
		_ = server.Shutdown(ctx)
	})
	t.Cleanup(func() {
		cancel()
		_ = unused.Close()
		_ = server.Close()
		owner.Wait()
	})
	return ended
}
