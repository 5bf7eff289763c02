package page_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowgate-go/flowgate/internal/rightstest"
	"github.com/flowgate-go/flowgate/internal/usage/quota"
	"github.com/flowgate-go/flowgate/page"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// serve serves a page without sources as page:serve does, until the end of the test. It returns where.
func serve(t *testing.T) (url, secret string) {
	t.Helper()
	return serveSources(t, page.Sources{Now: time.Now, Program: "mage"})
}

// serveSources serves the page of sources as page:serve does, until the end of the test. It returns where.
func serveSources(t *testing.T, sources page.Sources) (url, secret string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "runtime")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- page.Serve(ctx, page.ServeOptions{RuntimeDir: dir, Log: slog.New(slog.DiscardHandler),
			Alone: func(context.Context) bool { return false }, Sources: sources})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Join(dir, "page.json")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the record is left: %v", err)
		}
	})
	var rec struct{ URL, Secret string }
	for rec.URL == "" {
		select {
		case err := <-done:
			done <- nil
			t.Fatal(err)
		case <-time.After(10 * time.Millisecond): // between two looks
		}
		if text, err := os.ReadFile(filepath.Join(dir, "page.json")); err == nil {
			_ = json.Unmarshal(text, &rec)
		}
	}
	return rec.URL, rec.Secret
}

func TestConnectionsOfOtherUsersAreClosedUnread(t *testing.T) {
	t.Parallel()
	url, _ := serve(t)
	ask := []string{"-sS", "--max-time", "5", url + "/"}
	theirs := rightstest.Other(t, "curl", ask...)
	if out, err := exec.CommandContext(t.Context(), "curl", ask...).CombinedOutput(); err != nil ||
		!strings.Contains(string(out), "has not opened the page yet") {
		t.Fatalf("our own user: %s, %v", out, err)
	}
	if out, err := theirs.CombinedOutput(); err == nil || strings.Contains(string(out), "<html") ||
		!strings.Contains(string(out), "curl: (") {
		t.Errorf("another user got an answer: %s, %v", out, err)
	}
}

func TestCommandsNeedTheSecretOfTheRecord(t *testing.T) {
	t.Parallel()
	url, secret := serve(t)
	for name, c := range map[string]struct {
		path, secret, host string
		status             int
	}{
		"no secret":           {"link", "", "", 403},
		"a wrong secret":      {"link", "x" + secret, "", 403},
		"another name":        {"link", secret, "attacker.example", 403},
		"an unknown command":  {"nosuch", secret, "", 404},
		"the record's secret": {"link", secret, "", 200},
	} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", url+"/command/"+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = c.host
		req.Header.Set("Authorization", "Bearer "+c.secret)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != c.status || strings.Contains(string(text), "/open/") != (c.status == 200) {
			t.Errorf("%s: %d %s", name, res.StatusCode, text)
		}
	}
}

func TestALinkIsUsedUpInABrowserThatHasASessionToo(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.enter()
	link := s.page.NewLink()
	if got := s.do(s.browser, "GET", link, ""); got.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d", got.StatusCode)
	}
	if got := s.do(http.DefaultClient, "GET", link, ""); got.StatusCode != http.StatusGone {
		t.Errorf("another browser uses the link again: %d", got.StatusCode)
	}
}

func TestAPageAtAnotherPortOfThisMachineIsNotLive(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.enter()
	for _, site := range []string{"same-site", "cross-site", "none"} {
		if got := s.do(s.browser, "GET", "/live", "", "Sec-Fetch-Site: "+site); got.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", site, got.StatusCode)
		}
	}
}

// TestWhatAPageAtAnotherPortLoadsIsNoLook: the cookie comes with it, and the answer cannot be read there.
func TestWhatAPageAtAnotherPortLoadsIsNoLook(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.enter()
	for site, isLook := range map[string]bool{"same-site": false, "cross-site": false, "none": true, "same-origin": true} {
		s.advance(time.Minute)
		before := s.page.IdleSince()
		if got := s.do(s.browser, "GET", "/", "", "Sec-Fetch-Site: "+site); got.StatusCode != http.StatusOK ||
			s.page.IdleSince().After(before) != isLook {
			t.Errorf("%s: %d, looked at %s, before that at %s", site, got.StatusCode, s.page.IdleSince(), before)
		}
	}
}

func TestHundredsOfLivePagesAreRefused(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.enter()
	var hide func()
	for range page.MaxWatchers {
		hide = s.page.Show()
	}
	if got := s.do(s.browser, "GET", "/live", ""); got.StatusCode != http.StatusServiceUnavailable ||
		!strings.Contains(got.text, "Too many pages") {
		t.Errorf("%d %s", got.StatusCode, got.text)
	}
	hide()
	s.readLive("services")
}

func TestHugeRequestsAreRefused(t *testing.T) {
	t.Parallel()
	s := open(t)
	server := httptest.NewUnstartedServer(nil)
	server.Config = page.NewHTTPServer(s.page)
	server.Start()
	t.Cleanup(server.Close)
	s.server.Close()
	s.server = server
	s.enter()
	if got := s.do(s.browser, "GET", "/?"+strings.Repeat("a=b&", 3000), ""); got.StatusCode != http.StatusOK {
		t.Errorf("a query of 12 kB: %d", got.StatusCode)
	}
	if got := s.do(s.browser, "GET", "/?"+strings.Repeat("a=b&", 10_000), ""); got.StatusCode != 431 {
		t.Errorf("a query of 40 kB: %d", got.StatusCode)
	}
}

// pipeListener accepts one connection that is made in memory.
type pipeListener chan net.Conn

func (l pipeListener) Accept() (net.Conn, error) {
	conn, ok := <-l
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}
func (l pipeListener) Close() error { close(l); return nil }

func (l pipeListener) Addr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4000}
}

// inMemory calls test with a connection to a page, in a bubble of synctest whose clock is not real.
func inMemory(t *testing.T, test func(t *testing.T, p *page.Server, conn net.Conn)) {
	inMemoryWith(t, page.Sources{Now: time.Now, Program: "mage"}, test)
}

// inMemoryWith does that for a page with these sources.
func inMemoryWith(t *testing.T, o page.Sources, test func(t *testing.T, p *page.Server, conn net.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		p := page.New(o)
		server := page.NewHTTPServer(p)
		conn, theirs := net.Pipe()
		l := make(pipeListener, 1)
		l <- theirs
		served := make(chan error, 1)
		go func() { served <- server.Serve(l) }()
		test(t, p, conn)
		_ = conn.Close()
		p.Close()
		_ = server.Close()
		<-served
	})
}

func TestSlowClientsAreLeft(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]string{
		"nothing":        "",
		"half a header":  "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ",
		"half a body":    "POST /profile HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nprofile=",
		"an idle client": "GET /assets/none HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inMemory(t, func(t *testing.T, _ *page.Server, conn net.Conn) {
				go func() { _, _ = io.WriteString(conn, begin) }()
				begun := time.Now()
				_, err := io.Copy(io.Discard, conn)
				if took := time.Since(begun); took > 2*time.Minute {
					t.Errorf("it was left after %s: %v", took, err)
				}
			})
		})
	}
}

func TestABrowserThatTakesNothingCountsAsGone(t *testing.T) {
	t.Parallel()
	inMemory(t, func(t *testing.T, p *page.Server, conn net.Conn) {
		cookie := p.NewSession()
		_, err := fmt.Fprintf(conn, "GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: %s\r\n\r\n", cookie)
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		time.Sleep(5 * time.Second) // nothing is read
		if idle := p.IdleSince().Sub(begun); idle != 5*time.Second {
			t.Fatalf("it is not shown at first: %s", idle)
		}
		time.Sleep(time.Minute)
		if idle := p.IdleSince().Sub(begun); idle > 30*time.Second {
			t.Errorf("it is still shown after %s", idle)
		}
	})
}

func TestALivePageGoesOnForHours(t *testing.T) {
	t.Parallel()
	inMemory(t, func(t *testing.T, p *page.Server, conn net.Conn) {
		cookie := p.NewSession()
		_, err := fmt.Fprintf(conn, "GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: %s\r\n\r\n", cookie)
		if err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = io.Copy(io.Discard, conn) }()
		time.Sleep(2 * time.Hour)
		if idle := time.Since(p.IdleSince()); idle > 0 {
			t.Errorf("nobody has looked for %s", idle)
		}
	})
}

func TestNamesOfTheLedgerAndOfEventsAreNoMarkup(t *testing.T) {
	t.Parallel()
	hostileRow := []page.Row{{Name: hostile, Requests: 1}}
	p := page.New(page.Sources{Installation: hostile, Program: hostile, Now: time.Now,
		Usage: func(context.Context) (page.Usage, error) {
			return page.Usage{Clients: hostileRow, Models: hostileRow}, nil
		},
		Stack: func(context.Context) (page.Stack, error) {
			stack := page.Stack{Profile: hostile, Status: control.Status{Services: []control.ServiceStatus{
				{Name: hostile, Runtime: hostile, State: hostile, Reason: hostile}}}}
			stack.Quota.Reason = hostile
			return stack, errors.New(hostile)
		},
		Events: func(context.Context) ([]control.Event, error) {
			return []control.Event{{Timestamp: hostile, Event: hostile, Service: hostile, Detail: hostile}}, nil
		}})
	server := httptest.NewServer(p)
	s := &site{T: t, server: server, page: p, browser: newBrowser(t)}
	t.Cleanup(func() { p.Close(); server.Close() })
	text, _ := s.enter()
	if strings.Contains(text, "<img") || strings.Count(text, "onerror=alert") < 10 {
		t.Error(text)
	}
	if live := s.readLive("event: series"); strings.Contains(live, "<img") || strings.Contains(live, `\u003cimg`) {
		t.Error(live)
	}
	if got := s.do(http.DefaultClient, "GET", "/", ""); strings.Contains(got.text, "<img") {
		t.Error(got.text)
	}
}

func TestWhatAnUpstreamCallsItsWindowsIsAWord(t *testing.T) {
	t.Parallel()
	h := http.Header{"X-Codex-Spark-Primary-Used-Percent": {"4"}, "X-Codex-Spark-Limit-Name": {hostile},
		"X-Codex-Spark-Primary-Window-Minutes": {"300"}}
	if w := quota.Parse(h, time.Now()); len(w) != 1 || strings.ContainsAny(w[0].Name, `<>"'&`) {
		t.Errorf("%+v", w)
	}
}

func TestWithLiteLLMThePageShowsWhatTheSupervisorKnows(t *testing.T) {
	t.Parallel()
	s := open(t) // without a ledger
	s.stack.Status.Services[0].Runtime = "litellm"
	text, _ := s.enter()
	for _, want := range []string{"LiteLLM&#39;s own business", ">litellm<", "ready", "balanced", "1 h 1 min"} {
		if !strings.Contains(strings.ReplaceAll(text, "LiteLLM's", "LiteLLM&#39;s"), want) {
			t.Errorf("%q is missing: %s", want, text)
		}
	}
	if live := s.readLive("events"); strings.Contains(text, "chart-requests") || strings.Contains(live, "event: series") {
		t.Errorf("there are charts of what nobody counts: %s", live)
	}
}

func TestTheOldestOfManySessionsEnds(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.enter()
	first := s.browser
	for range 63 {
		s.browser = newBrowser(t)
		s.do(s.browser, "GET", s.page.NewLink(), "")
	}
	if got := s.do(first, "GET", "/", ""); got.StatusCode != http.StatusOK {
		t.Errorf("one of 64 sessions: %d", got.StatusCode)
	}
	second := newBrowser(t)
	s.do(second, "GET", s.page.NewLink(), "")
	if got := s.do(first, "GET", "/", ""); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("the oldest of 65: %d", got.StatusCode)
	}
	if got := s.do(second, "GET", "/", ""); got.StatusCode != http.StatusOK {
		t.Errorf("the newest of 65: %d", got.StatusCode)
	}
	oldest := s.page.NewLink()
	for range 64 {
		s.page.NewLink()
	}
	if got := s.do(newBrowser(t), "GET", oldest, ""); got.StatusCode != http.StatusNotFound {
		t.Errorf("the oldest of 65 links: %d", got.StatusCode)
	}
}

func TestAPageIsNotIdleWhileAProfileIsSwitched(t *testing.T) {
	t.Parallel()
	inMemory(t, func(t *testing.T, _ *page.Server, _ net.Conn) {
		begun, let, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
		p := page.New(page.Sources{Now: time.Now, Program: "mage",
			Stack: func(context.Context) (page.Stack, error) { return page.Stack{Profiles: []string{"cost"}}, nil },
			SetProfile: func(context.Context, string) (string, error) {
				close(begun)
				<-let
				return "", nil
			}})
		defer p.Close()
		go func() { defer close(done); p.Switch("cost") }()
		<-begun
		time.Sleep(time.Hour)
		if idle := time.Since(p.IdleSince()); idle != 0 {
			t.Errorf("it has been idle for %s", idle)
		}
		close(let)
		<-done
		time.Sleep(time.Minute)
		if idle := time.Since(p.IdleSince()); idle != time.Minute {
			t.Errorf("it has been idle for %s", idle)
		}
	})
}

func TestAQuietLivePageSaysThatItIsThere(t *testing.T) {
	t.Parallel()
	inMemory(t, func(t *testing.T, p *page.Server, conn net.Conn) {
		if _, err := fmt.Fprintf(conn, "GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: %s\r\n\r\n", p.NewSession()); err != nil {
			t.Fatal(err)
		}
		begun, lines := time.Now(), bufio.NewScanner(conn)
		lines.Buffer(nil, 1<<20)
		var comments []time.Duration
		for len(comments) < 3 && lines.Scan() {
			if lines.Text() == ": still here" {
				comments = append(comments, time.Since(begun))
			}
		}
		if want := []time.Duration{16 * time.Second, 32 * time.Second, 48 * time.Second}; !slices.Equal(comments, want) {
			t.Errorf("%v, want %v", comments, want)
		}
	})
}
