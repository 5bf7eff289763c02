package page_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/window"
	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/usage/quota"
	"github.com/flowgate-go/flowgate/page"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// hostile is a text that must never be part of a page as markup.
const hostile = `<img src=x onerror=alert(1)>"'&`

// site is a page that is served to one browser.
type site struct {
	*testing.T
	server  *httptest.Server
	page    *page.Server
	browser *http.Client

	mu      sync.Mutex
	now     time.Time
	stack   page.Stack
	set     []string // profiles that were put in force
	failure error    // of the next change
	results []report.Result
}

// open serves a page; the browser has not opened it yet.
func open(t *testing.T) *site {
	t.Helper()
	s := &site{T: t, now: time.Now()}
	s.stack = page.Stack{Profile: "balanced", Profiles: []string{"balanced", "cost"}, Status: control.Status{
		Supervisor: &control.SupervisorInfo{PID: 1}, Services: []control.ServiceStatus{
			{Name: "litellm", Runtime: "embedded", State: control.StateRunning, Live: true, Ready: true, UptimeS: 3700},
		}}}
	s.page = page.New(page.Sources{
		Installation: "/home/u/config/flowgate.yaml", Program: "mage", Now: s.clock,
		Stack: func(context.Context) (page.Stack, error) { s.mu.Lock(); defer s.mu.Unlock(); return s.stack, nil },
		Events: func(context.Context) ([]control.Event, error) {
			return []control.Event{{Timestamp: "2026-01-02T03:04:05.000Z", Event: "service.ready", Service: "litellm", Detail: hostile}}, nil
		},
		Examine: func(context.Context) ([]report.Result, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.results, nil
		},
		SetProfile: func(_ context.Context, name string) (string, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.set = append(s.set, name)
			return "litellm restarted with it.", s.failure
		},
	})
	s.server = httptest.NewServer(s.page)
	s.browser = newBrowser(t)
	t.Cleanup(func() { s.page.Close(); s.server.Close() })
	return s
}

// newBrowser returns a client that keeps cookies and follows no redirect.
func newBrowser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (s *site) clock() time.Time { s.mu.Lock(); defer s.mu.Unlock(); return s.now }

func (s *site) advance(d time.Duration) { s.mu.Lock(); defer s.mu.Unlock(); s.now = s.now.Add(d) }

// answer is a reply and its text.
type answer struct {
	*http.Response
	text string
}

// do sends a request with header lines "Name: value"; a body makes it a form's.
func (s *site) do(client *http.Client, method, path, body string, header ...string) answer {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), method, s.server.URL+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, line := range header {
		name, value, ok := strings.Cut(line, ": ")
		if !ok {
			continue
		}
		if req.Header.Set(name, value); name == "Host" {
			req.Host = value
		}
	}
	res, err := client.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	defer res.Body.Close()
	var text strings.Builder
	if _, err := copyText(&text, res); err != nil {
		s.Fatal(err)
	}
	return answer{res, text.String()}
}

// enter opens the page with a link, and returns the page and its token.
func (s *site) enter() (text, token string) {
	s.Helper()
	if got := s.do(s.browser, "GET", s.page.NewLink(), ""); got.StatusCode != http.StatusOK && got.StatusCode != http.StatusSeeOther {
		s.Fatalf("the link: %d %s", got.StatusCode, got.text)
	}
	got := s.do(s.browser, "GET", "/", "")
	match := regexp.MustCompile(`name="token" value="([^"]+)"`).FindStringSubmatch(got.text)
	if got.StatusCode != http.StatusOK || match == nil {
		s.Fatalf("the page: %d %s", got.StatusCode, got.text)
	}
	return got.text, match[1]
}

func TestALinkOpensThePageOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	link := s.page.NewLink()
	if got := s.do(s.browser, "HEAD", link, ""); got.StatusCode != http.StatusOK || len(got.Cookies()) > 0 {
		t.Errorf("a program that looks ahead uses the link up: %d", got.StatusCode)
	}
	got := s.do(s.browser, "GET", link, "")
	if got.StatusCode != http.StatusOK || got.Header.Get("Refresh") != "0; url=/" || len(got.Cookies()) != 1 {
		t.Fatalf("%d %v", got.StatusCode, got.Header)
	}
	if c := got.Cookies()[0]; !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || len(c.Value) < 26 {
		t.Errorf("%+v", c)
	}
	if got := s.do(s.browser, "GET", link, ""); got.StatusCode != http.StatusSeeOther {
		t.Errorf("the same browser again: %d", got.StatusCode)
	}
	if got := s.do(http.DefaultClient, "GET", link, ""); got.StatusCode != http.StatusGone ||
		!strings.Contains(got.text, "used already") || !strings.Contains(got.text, "mage page") {
		t.Errorf("another browser: %d %s", got.StatusCode, got.text)
	}
}

func TestWhatBringsNothingIsRefusedWithAReason(t *testing.T) {
	t.Parallel()
	s := open(t)
	old := s.page.NewLink()
	s.advance(5 * time.Minute)
	for _, c := range []struct {
		name, method, path, header string
		status                     int
		text                       string
	}{
		{"no session", "GET", "/", "", 401, "mage page"},
		{"no session, live", "GET", "/live", "", 401, "mage page"},
		{"a made-up session", "GET", "/", "Cookie: flowgate_page_1=x", 401, "mage page"},
		{"an old link", "GET", old, "", 410, "too old"},
		{"a made-up link", "GET", "/open/x", "", 404, "not of this page"},
		{"an unknown path", "GET", "/etc/passwd", "", 404, "nothing here"},
		{"an asset that is none", "GET", "/assets/uPlot.LICENSE", "Accept-Encoding: gzip", 404, "nothing here"},
		{"DNS rebinding", "GET", "/", "Host: attacker.example:4000", 421, "not this machine"},
		{"a name that looks like localhost", "GET", "/", "Host: localhost.attacker.example", 421, "not this machine"},
		{"an address of elsewhere", "GET", "/", "Host: 10.0.0.1", 421, "not this machine"},
		{"a foreign origin", "GET", "/", "Origin: https://attacker.example", 403, "Another page"},
		{"the origin of a sandbox", "GET", "/", "Origin: null", 403, "Another page"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := s.do(http.DefaultClient, c.method, c.path, "", c.header)
			if got.StatusCode != c.status || !strings.Contains(got.text, c.text) {
				t.Errorf("%d %s", got.StatusCode, got.text)
			}
			checkHeaders(t, got)
		})
	}
}

// checkHeaders looks for the headers that every reply has.
func checkHeaders(t *testing.T, got answer) {
	t.Helper()
	csp := got.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'sha256-", "connect-src 'self'",
		"form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"} {
		if !strings.Contains(csp, want) {
			t.Errorf("the policy lacks %s: %s", want, csp)
		}
	}
	if strings.Contains(csp, "unsafe") || got.Header.Get("X-Content-Type-Options") != "nosniff" ||
		got.Header.Get("Referrer-Policy") != "no-referrer" || got.Header.Get("Cache-Control") != "no-store" ||
		got.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%v", got.Header)
	}
}

func TestThisMachinesNamesAreTaken(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.enter()
	for _, host := range []string{"localhost:9000", "LOCALHOST", "127.0.0.1", "127.9.9.9:1", "[::1]:80"} {
		if got := s.do(s.browser, "GET", "/", "", "Host: "+host); got.StatusCode == http.StatusMisdirectedRequest {
			t.Errorf("%s: %d", host, got.StatusCode)
		}
	}
}

func TestAChangeNeedsTheTokenAndThePagesOrigin(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, token := s.enter()
	form := "profile=cost&token=" + token
	own := "Origin: " + s.server.URL
	for name, c := range map[string]struct {
		body   string
		header []string
		status int
	}{
		"no token":                         {"profile=cost", []string{own}, 403},
		"a wrong token":                    {"profile=cost&token=x", []string{own}, 403},
		"a token in the query only":        {"profile=cost", []string{own, "X: y"}, 403},
		"a foreign origin":                 {form, []string{"Origin: http://attacker.example"}, 403},
		"the same host, another port":      {form, []string{"Origin: http://127.0.0.1:1"}, 403},
		"https of the same host":           {form, []string{"Origin: " + strings.Replace(s.server.URL, "http", "https", 1)}, 403},
		"a browser that says cross-site":   {form, []string{own, "Sec-Fetch-Site: cross-site"}, 403},
		"a form that is much too long":     {form + "&x=" + strings.Repeat("x", 5000), []string{own}, 403},
		"a profile that is none":           {"profile=nosuch&token=" + token, []string{own}, 409},
		"no profile":                       {"token=" + token, []string{own}, 409},
		"another host name with rebinding": {form, []string{own, "Host: attacker.example"}, 421},
	} {
		path := "/profile"
		if name == "a token in the query only" {
			path += "?token=" + token
		}
		if got := s.do(s.browser, "POST", path, c.body, c.header...); got.StatusCode != c.status {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.text)
		}
	}
	if got := s.do(http.DefaultClient, "POST", "/profile", form, own); got.StatusCode != 401 {
		t.Errorf("the token without a session: %d", got.StatusCode)
	}
	if got := s.do(s.browser, "GET", "/profile?"+form, ""); got.StatusCode != 404 {
		t.Errorf("GET: %d", got.StatusCode)
	}
	if len(s.set) != 0 {
		t.Fatalf("the profile was changed: %v", s.set)
	}
	if got := s.do(s.browser, "POST", "/profile", form, own, "Sec-Fetch-Site: same-origin"); got.StatusCode != 200 ||
		!strings.Contains(got.text, "litellm restarted") || strings.Join(s.set, " ") != "cost" {
		t.Errorf("the page itself: %d %s %v", got.StatusCode, got.text, s.set)
	}
}

func TestAChangeThatFailsSaysWhy(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, token := s.enter()
	s.failure = fault.New("profile-not-ready", "the router did not get ready with cost").WithHint("see its log")
	got := s.do(s.browser, "POST", "/profile", "profile=cost&token="+token, "Origin: "+s.server.URL)
	if got.StatusCode != 409 || !strings.Contains(got.text, "did not get ready with cost") || !strings.Contains(got.text, "see its log") {
		t.Errorf("%d %s", got.StatusCode, got.text)
	}
}

func TestAPageAfterAChangeShowsTheStack(t *testing.T) {
	t.Parallel()
	s := open(t)
	before, token := s.enter()
	s.do(s.browser, "POST", "/profile", "profile=cost&token="+token, "Origin: "+s.server.URL)
	after := s.do(s.browser, "GET", "/", "").text // at once, with nothing that asks meanwhile
	for _, want := range []string{"litellm<span class=\"under\">", "checked"} {
		if !strings.Contains(before, want) || !strings.Contains(after, want) {
			t.Errorf("%q: %v before, %v after", want, strings.Contains(before, want), strings.Contains(after, want))
		}
	}
}

func TestTwoBrowsersHaveSessionsOfTheirOwn(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, first := s.enter()
	browser := s.browser
	s.browser = newBrowser(t)
	_, second := s.enter()
	if first == second {
		t.Error("two sessions have one token")
	}
	own := "Origin: " + s.server.URL
	if got := s.do(browser, "POST", "/profile", "profile=cost&token="+second, own); got.StatusCode != 403 {
		t.Errorf("another session's token: %d", got.StatusCode)
	}
	if got := s.do(browser, "POST", "/examine", "token="+first, own); got.StatusCode != 200 {
		t.Errorf("%d", got.StatusCode)
	}
}

func TestNothingOnThePageIsMarkupOfOthers(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stack.Profiles = append(s.stack.Profiles, hostile)
	s.stack.Status.Services[0].Reason, s.stack.Status.Services[0].Version = hostile, hostile
	s.stack.Accounts = []auth.Account{{Provider: hostile, Account: hostile, Email: hostile, State: auth.Dead,
		Problems: []auth.Problem{{Code: "x", Message: hostile}}}}
	s.stack.Quota = window.Overview{Windows: []window.Window{{AccountName: hostile,
		Seen: quota.Seen{ObservedAt: s.now, Window: quota.Window{Provider: hostile, Name: hostile, UsedShare: new(1.5)}}}}}
	s.results = []report.Result{{ID: hostile, Status: report.Fail, Title: hostile,
		Detail: checks.Notef("%s", hostile), Fix: &report.Fix{Command: hostile, Text: hostile}}}
	s.enter()
	live := s.readLive("Problem")
	text, _ := s.enter()
	for name, text := range map[string]string{"the page": text, "the live parts": live} {
		if strings.Contains(text, "<img") || strings.Contains(text, `\u003cimg`) {
			t.Errorf("%s: %s", name, text)
		}
		if strings.Count(text, "onerror=alert") < 8 {
			t.Errorf("%s lacks something: %s", name, text)
		}
	}
}

// readLive reads the live parts until one holds the text.
func (s *site) readLive(want string) string {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), "GET", s.server.URL+"/live", nil)
	if err != nil {
		s.Fatal(err)
	}
	res, err := s.browser.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		s.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	var text strings.Builder
	piece := make([]byte, 64<<10)
	for !strings.Contains(text.String(), want) {
		n, err := res.Body.Read(piece)
		text.Write(piece[:n])
		if err != nil && !strings.Contains(text.String(), want) {
			s.Errorf("%v: %s", err, text.String())
			break
		}
	}
	return text.String()
}

func TestProblemsComeFirst(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.results = []report.Result{
		{ID: "a.warned", Status: report.Warn, Title: "A"}, {ID: "b.passed", Status: report.Pass, Title: "B"},
		{ID: "c.failed", Status: report.Fail, Title: "C", Fix: &report.Fix{Command: "mage restart"}},
	}
	s.enter()
	s.readLive("c.failed")
	text, _ := s.enter()
	failed, warned := strings.Index(text, "c.failed"), strings.Index(text, "a.warned")
	if failed < 0 || warned < failed || strings.Contains(text, "b.passed") || !strings.Contains(text, "1 problem to fix") ||
		!strings.Contains(text, "mage restart") || strings.Index(text, `id="services"`) < warned {
		t.Errorf("%d %d %s", failed, warned, text)
	}
}

func TestASourceThatFailsIsSaid(t *testing.T) {
	t.Parallel()
	p := page.New(page.Sources{Program: "mage", Now: time.Now, Stack: func(context.Context) (page.Stack, error) {
		return page.Stack{}, errors.New("the configuration is not valid")
	}})
	defer p.Close()
	server := httptest.NewServer(p)
	defer server.Close()
	s := &site{T: t, server: server, page: p, browser: newBrowser(t)}
	if text, _ := s.enter(); !strings.Contains(text, "the configuration is not valid") {
		t.Error(text)
	}
}

func TestTheServerEndsThePagesThatAreShown(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.enter()
	done := make(chan string, 1)
	go func() { done <- s.readLive("data: mage page") }()
	s.readLive("services")
	s.page.Close()
	if text := <-done; !strings.Contains(text, "data: mage page") {
		t.Error(text)
	}
}

func TestAssetsAreSmallAndCompressed(t *testing.T) {
	t.Parallel()
	s := open(t)
	total := 0
	for name, kind := range map[string]string{"page.js": "text/javascript", "uPlot.js": "text/javascript"} {
		got := s.do(http.DefaultClient, "GET", "/assets/"+name, "", "Accept-Encoding: gzip")
		if got.StatusCode != 200 || !strings.HasPrefix(got.Header.Get("Content-Type"), kind) {
			t.Errorf("%s: %d %v", name, got.StatusCode, got.Header)
		}
		total += len(got.text)
	}
	text, _ := s.enter()
	if total += len(text); total > 46_000 {
		t.Errorf("the page takes %d bytes", total)
	}
	if found := regexp.MustCompile(`<[^>]*\s(style|on[a-z]+)=|<script>|javascript:|https?://`).FindString(text); found != "" {
		t.Errorf("the page has something inline, or of elsewhere: %q", found)
	}
}

// copyText copies the body of a reply.
func copyText(to *strings.Builder, res *http.Response) (int64, error) { return io.Copy(to, res.Body) }
