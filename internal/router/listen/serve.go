// Package listen accepts connections of clients and serves a handler: it limits the number of
// connections, and drains requests when it ends. Call Serve.
//
// It never looks into a request; MarkAuthorized tells it which connections to keep.
package listen

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// Options say how Serve begins and ends. The zero value works.
type Options struct {
	Ready        func(net.Addr) // called once, with the address, when clients can connect; may be nil
	DrainTimeout time.Duration  // how long requests in flight may take after ctx ended; default 30 s
	// MaxConnections is the largest number of clients' connections; 0: it
	// follows from the file descriptors that this process may open, at most 16384.
	MaxConnections int
	// OnePeer allows one address, such as a balancer's, to have all connections, and not a quarter.
	OnePeer bool

	// Linger is how long requests are still accepted after ctx ended, and Leaving is called when that
	// begins: a balancer has to learn that it must send no more, and connections that are on their way
	// when a listener closes are lost. 0: none.
	Linger  time.Duration
	Leaving func() // may be nil

	Logger *slog.Logger // gets what net/http reports about connections; default: none
}

// Time limits of a connection. Streams have none here: the router limits them.
const (
	headerTimeout       = 10 * time.Second
	idleTimeout         = 2 * time.Minute
	defaultDrainTimeout = 30 * time.Second
)

// Serve listens on addr (host:port) and serves h until ctx ends. Then it lingers, closes the
// listener, waits for requests in flight, cuts off requests that take longer than the
// drain timeout, and returns nil. Faults: port-in-use, listen-failed, serve-failed.
func Serve(ctx context.Context, addr string, h http.Handler, opts Options) error {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return listenFault(addr, err)
	}
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	logger := lo.CoalesceOrEmpty(opts.Logger, slog.New(slog.DiscardHandler))
	bounded := newBoundedListener(listener, &opts)
	var isLeaving atomic.Bool
	server := &http.Server{Handler: &lastReplies{h, &isLeaving}, ConnState: bounded.trackState,
		ConnContext:       withConnection,
		ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout,
		BaseContext: func(net.Listener) context.Context { return base },
		ErrorLog:    slog.NewLogLogger(logger.Handler(), slog.LevelWarn)}
	server.RegisterOnShutdown(bounded.closeUnused)
	if opts.Ready != nil {
		opts.Ready(listener.Addr())
	}
	var serving sync.WaitGroup
	failed := make(chan error, 1)
	serving.Go(func() { failed <- server.Serve(bounded) })
	defer serving.Wait()
	select {
	case err := <-failed:
		return fault.New("serve-failed", "serve on %s: %w", addr, err)
	case <-ctx.Done():
	}
	if opts.Linger > 0 {
		isLeaving.Store(true)
		if err := linger(failed, &opts); err != nil {
			return fault.New("serve-failed", "serve on %s: %w", addr, err)
		}
	}
	return drain(server, cancel, lo.CoalesceOrEmpty(opts.DrainTimeout, defaultDrainTimeout), logger)
}

// linger goes on to serve until opts.Linger is over, or serving failed.
func linger(failed <-chan error, opts *Options) error {
	if opts.Leaving != nil {
		opts.Leaving()
	}
	timer := time.NewTimer(opts.Linger)
	defer timer.Stop()
	select {
	case err := <-failed:
		return err
	case <-timer.C:
		return nil
	}
}

// lastReplies is a handler that has the connections of requests which come while isLeaving is set end with
// their replies.
type lastReplies struct {
	http.Handler
	isLeaving *atomic.Bool
}

// ServeHTTP answers a request.
func (l *lastReplies) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if l.isLeaving.Load() {
		w.Header().Set("Connection", "close")
	}
	l.Handler.ServeHTTP(w, req)
}

// drain waits up to limit for the requests in flight, and then closes their connections.
func drain(server *http.Server, cancelRequests context.CancelFunc, limit time.Duration, logger *slog.Logger) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	err := server.Shutdown(ctx)
	if err == nil {
		return nil
	}
	logger.Warn("requests were cut off at the end of the drain", "seconds", limit.Seconds())
	// only after the connections are closed: a client must not take the end of a canceled handler for a reply
	defer cancelRequests()
	if err := server.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fault.New("serve-failed", "close: %w", err)
	}
	return nil
}

// listenFault returns the fault for an address that cannot be listened on.
func listenFault(addr string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fault.New("port-in-use", "%s is in use: %w", addr, err).
			WithHint("stop the program that uses it, or give the service another port")
	}
	return fault.New("listen-failed", "listen on %s: %w", addr, err)
}
