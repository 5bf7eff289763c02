package upstream_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

// rawUpstream is an HTTP upstream that may end a connection at any moment. The
// script has a word for each request on each connection, in the order of their coming:
//
//	ok     a reply; the connection stays
//	fin    the request is read, then the connection is closed
//	rst    the request's head is read, then the connection is reset
//	part   a part of a reply, then the connection is closed
type rawUpstream struct {
	net.Listener
	stale  int // connections up to this number end at their second request, whatever the script says
	mu     sync.Mutex
	script []string
	got    []string // connection number and word of each request
}

func startRaw(t *testing.T, script ...string) *rawUpstream {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u := &rawUpstream{Listener: l, script: script}
	var owner sync.WaitGroup
	owner.Go(func() {
		for n := 1; ; n++ {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			owner.Go(func() { u.serve(n, conn.(*net.TCPConn)) })
		}
	})
	t.Cleanup(func() { _ = l.Close() })
	return u
}

func (u *rawUpstream) next(conn int) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	word := "ok"
	if len(u.script) > 0 {
		word, u.script = u.script[0], u.script[1:]
	}
	u.got = append(u.got, fmt.Sprintf("%d %s", conn, word))
	return word
}

func (u *rawUpstream) serve(n int, conn *net.TCPConn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for i := 1; ; i++ {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		word := u.next(n)
		if n <= u.stale {
			word = map[bool]string{true: "ok", false: "fin"}[i == 1]
		}
		if word == "rst" {
			_ = conn.SetLinger(0)
			return
		}
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return
		}
		const body = `{"model":"up","choices":[]}`
		switch word {
		case "fin":
			return
		case "part":
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Ty")
			return
		}
		fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body),
			body)
	}
}

func (u *rawUpstream) requests() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.got)
}

func TestARequestThatMetAClosingConnectionIsSentOnceMore(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script   []string
		failures int
		got      []string
	}{
		"closed":                   {[]string{"ok", "fin", "ok"}, 0, []string{"1 ok", "1 fin", "2 ok"}},
		"reset":                    {[]string{"ok", "rst", "ok"}, 0, []string{"1 ok", "1 rst", "2 ok"}},
		"again on the new one":     {[]string{"ok", "fin", "fin"}, 1, []string{"1 ok", "1 fin", "2 fin"}},
		"a new connection":         {[]string{"fin"}, 1, []string{"1 fin"}},
		"when a reply had begun":   {[]string{"ok", "part"}, 1, []string{"1 ok", "1 part"}},
		"a new one resets as well": {[]string{"rst"}, 1, []string{"1 rst"}},
	} {
		for _, size := range []int{10, 400_000} {
			t.Run(fmt.Sprintf("%s %d", name, size), func(t *testing.T) {
				t.Parallel()
				up := startRaw(t, c.script...)
				s := routertest.StartAt(t, up.Addr().String(), routertest.OneDeployment("router_settings: {allowed_fails: 0, cooldown_time: 5, num_retries: 0}\n"),
					router.Options{})
				last := routertest.Reply{}
				for range min(2, len(c.script)) {
					last = s.Chat("m", `,"user":"`+strings.Repeat("u", size)+`"`)
				}
				if want := map[int]int{0: 200, 1: 500}[c.failures]; last.Status != want ||
					s.CountLogged("attempt failed") != c.failures || s.CountLogged("cooldown began") != c.failures {
					t.Errorf("%d %s; log %s", last.Status, last.Body, s.Log)
				}
				if got := up.requests(); !slices.Equal(got, c.got) {
					t.Errorf("requests %v, want %v", got, c.got)
				}
				if len(s.Slept()) != 0 {
					t.Errorf("slept %v", s.Slept())
				}
			})
		}
	}
}

// When one kept connection has ended, the others may have as well.
func TestTheSecondSendingUsesANewConnection(t *testing.T) {
	t.Parallel()
	up := startRaw(t)
	up.stale = 4
	s := routertest.StartAt(t, up.Addr().String(), routertest.OneDeployment(routertest.CooldownAtOnce), router.Options{})
	for range 20 { // until several connections are kept
		for _, got := range s.ChatAtOnce(4) {
			if got.Status != 200 {
				t.Fatalf("%d %s", got.Status, s.Log)
			}
		}
	}
	if s.CountLogged("attempt failed") != 0 {
		t.Error(s.Log)
	}
}
