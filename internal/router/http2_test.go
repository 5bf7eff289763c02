package router_test

import (
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

// tunnel passes bytes to target. Once it is muted, the connections that exist
// stay open and pass nothing more: what a network does that lost their state.
type tunnel struct {
	addr  string
	conns atomic.Int32
	muted atomic.Bool
	owner sync.WaitGroup
}

func startTunnel(t *testing.T, target string) *tunnel {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tun := &tunnel{addr: listener.Addr().String()}
	var mu sync.Mutex
	var open []net.Conn
	tun.owner.Go(func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", target)
			if err != nil {
				_ = from.Close()
				continue
			}
			mu.Lock()
			open = append(open, from, to)
			mu.Unlock()
			born := tun.conns.Add(1)
			for _, pair := range [][2]net.Conn{{from, to}, {to, from}} {
				tun.owner.Go(func() { tun.pass(pair[0], pair[1], born) })
			}
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		mu.Lock()
		for _, c := range open {
			_ = c.Close()
		}
		mu.Unlock()
		tun.owner.Wait()
	})
	return tun
}

func (tun *tunnel) pass(from, to net.Conn, born int32) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if tun.muted.Load() && born == 1 {
			continue
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

func TestAnHTTP2ConnectionThatDiedSilentlyIsReplaced(t *testing.T) {
	t.Parallel()
	var protocol atomic.Value
	up := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protocol.Store(r.Proto)
		routertest.Answer("application/json", routertest.Dialects["chat/completions"].Whole)(w, r)
	}))
	up.EnableHTTP2 = true
	up.StartTLS()
	t.Cleanup(up.Close)
	tun := startTunnel(t, up.Listener.Addr().String())
	yaml := routertest.Groups("router_settings: {num_retries: 0, timeout: 1, disable_cooldowns: true}\n", "m: x")
	s := routertest.Start(t, strings.ReplaceAll(yaml, "http://UP", "https://"+tun.addr), router.Options{})
	pool := x509.NewCertPool()
	pool.AddCert(up.Certificate())
	pings := s.Router.Trust(pool)
	if pings == nil || pings.SendPingTimeout <= 0 || pings.SendPingTimeout > time.Minute || pings.PingTimeout <= 0 ||
		pings.PingTimeout > time.Minute {
		t.Fatalf("HTTP/2 is not asked for signs of life: %+v", pings)
	}
	pings.SendPingTimeout, pings.PingTimeout = 300*time.Millisecond, 300*time.Millisecond
	if got := s.Chat("m"); got.Status != 200 || protocol.Load() != "HTTP/2.0" {
		t.Fatalf("%d by %v: %s", got.Status, protocol.Load(), got.Body)
	}
	tun.muted.Store(true)
	routertest.Eventually(t, "a request is answered on a new connection", func() bool { return s.Chat("m").Status == 200 })
	if tun.conns.Load() < 2 {
		t.Error("the dead connection answered")
	}
}
