package listen_test

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/listen"
)

// ownAddress returns an address of this machine that is not a loopback one, as a balancer's is not.
func ownAddress(t *testing.T) string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() {
			return n.IP.String()
		}
	}
	t.Skip("this machine has no address but that of itself")
	return ""
}

// countServed serves on an address of this machine and returns how many of asked requests from there are served at
// once.
func countServed(t *testing.T, address string, opts listen.Options, asked int) int {
	t.Helper()
	began, hold := make(chan struct{}, asked), make(chan struct{})
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		listen.MarkAuthorized(r)
		began <- struct{}{}
		<-hold
	})
	ctx, stop := context.WithCancel(t.Context())
	ready, ended := make(chan string, 1), make(chan error, 1)
	opts.DrainTimeout, opts.Ready = time.Second, func(a net.Addr) { ready <- a.String() }
	go func() { ended <- listen.Serve(ctx, net.JoinHostPort(address, "0"), handler, opts) }()
	to := <-ready
	transport := &http.Transport{DisableKeepAlives: true}
	served := 0
	for range asked { // one after the other: a connection on which no request has come yet makes room for a new one
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+to, http.NoBody)
			if err != nil {
				return
			}
			if resp, err := transport.RoundTrip(req); err == nil {
				_ = resp.Body.Close()
			}
		}()
		select {
		case <-began:
			served++
		case <-ended: // it was refused
		}
	}
	close(hold)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	return served
}

func TestABalancerMayHaveAllConnectionsAndAnotherPeerAQuarter(t *testing.T) {
	t.Parallel()
	address := ownAddress(t)
	for _, c := range []struct {
		name   string
		opts   listen.Options
		served int
	}{
		{"a peer among many", listen.Options{MaxConnections: 80}, 20},
		{"one peer", listen.Options{MaxConnections: 80, OnePeer: true}, 80},
	} {
		if got := countServed(t, address, c.opts, c.served+2); got != c.served {
			t.Errorf("%s: %d requests are served at once, want %d", c.name, got, c.served)
		}
	}
}
