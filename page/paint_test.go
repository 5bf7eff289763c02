package page_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/page"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// slowly makes the source of a site's stack wait for let; it returns how often it was asked.
func (s *site) slowly(let <-chan struct{}) (asked *atomic.Int64) {
	asked = new(atomic.Int64)
	s.page.Close()
	s.page = page.New(page.Sources{Program: "mage", Now: s.clock, Stack: func(ctx context.Context) (page.Stack, error) {
		if asked.Add(1) > 1 {
			select {
			case <-let:
			case <-ctx.Done():
			}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.stack, nil
	}})
	s.server.Close()
	s.server = httptest.NewServer(s.page)
	return asked
}

func TestAPageDoesNotWaitForASourceThatHasAnsweredBefore(t *testing.T) {
	t.Parallel()
	s := open(t)
	let := make(chan struct{})
	asked := s.slowly(let)
	s.enter()
	s.advance(9 * time.Second)
	s.mu.Lock()
	s.stack.Profile = "cost"
	s.mu.Unlock()
	live := make(chan string, 1)
	go func() { live <- s.readLive(`checked\u003e cost`) }()
	for asked.Load() < 2 {
		time.Sleep(time.Millisecond) // between two looks
	}
	if text, _ := s.enter(); !strings.Contains(text, "balanced") || strings.Contains(text, "checked> cost") {
		t.Errorf("%s", text)
	}
	close(let)
	<-live
	s.advance(11 * time.Second)
	s.mu.Lock()
	s.stack.Profile = "balanced"
	s.mu.Unlock()
	if text, _ := s.enter(); !strings.Contains(text, "checked> balanced") {
		t.Errorf("what was said 11 s ago is shown: %s", text)
	}
}

// TestAPageDoesNotBeginBeforeAllSourcesHaveAnswered opens a page while the command that made its link
// is still asking: the stack is known by then, its events are not.
func TestAPageDoesNotBeginBeforeAllSourcesHaveAnswered(t *testing.T) {
	t.Parallel()
	s := open(t)
	let, asking := make(chan struct{}), make(chan struct{})
	s.page.Close()
	s.page = page.New(page.Sources{Program: "mage", Now: s.clock,
		Stack: func(context.Context) (page.Stack, error) { return s.stack, nil },
		Events: func(context.Context) ([]control.Event, error) {
			close(asking)
			<-let
			return []control.Event{{Timestamp: s.clock().Format(time.RFC3339Nano), Event: control.EventProfileChanged,
				Result: "ok", Profile: "cost", Detail: `from "balanced"`}}, nil
		}})
	s.server.Close()
	s.server = httptest.NewServer(s.page)
	go s.page.Gather()
	<-asking
	painted := make(chan string, 1)
	go func() {
		text, _ := s.enter()
		painted <- text
	}()
	select {
	case text := <-painted:
		t.Errorf("the page began without the events: %s", text)
	case <-time.After(200 * time.Millisecond): // as long as a page that waits for nothing needs, many times
	}
	close(let)
	if t.Failed() {
		return
	}
	if text := <-painted; !strings.Contains(text, "profile changed: from") {
		t.Errorf("%s", text)
	}
}

func TestThePolicyAllowsThePagesOwnStyleOnly(t *testing.T) {
	t.Parallel()
	s := open(t)
	text, _ := s.enter()
	refused := s.do(http.DefaultClient, "GET", "/nosuch", "")
	for what, text := range map[string]string{"the page": text, "a notice": refused.text} {
		style := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindStringSubmatch(text)
		if style == nil || !strings.Contains(style[1], ".uplot") || !strings.Contains(style[1], "--accent") {
			t.Fatalf("%s has no style: %s", what, text)
		}
		sum := sha256.Sum256([]byte(style[1]))
		if want := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "';"; !strings.Contains(
			refused.Header.Get("Content-Security-Policy"), want) {
			t.Errorf("%s: the policy is not that of its style", what)
		}
		if n := strings.Count(text, "<script"); strings.Contains(text, "<link rel=\"stylesheet") || n > 1 ||
			n == 1 && !strings.Contains(text, "page.js\" defer") {
			t.Errorf("%s needs more than one request before it is seen: %s", what, text)
		}
	}
}

// TestTemplatesEscapeEachValue reads the templates: what escapes their values does not know where they stand, and
// is right for text and for attributes in quotation marks that are no addresses and no scripts.
func TestTemplatesEscapeEachValue(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.qtpl")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Replace(string(raw), "<style>{%s= style() %}</style>", "", 1)
		for _, tag := range regexp.MustCompile(`\{%-?\s*[a-z]+=\s*(\S+)`).FindAllStringSubmatch(text, -1) {
			if !strings.HasPrefix(tag[1], "render") {
				t.Errorf("%s: %s… is not escaped", file, tag[0])
			}
		}
		for _, place := range regexp.MustCompile(`([a-z-]+)=("[^"]*)?\{%[sdf]`).FindAllStringSubmatch(text, -1) {
			if place[2] == "" || !slices.Contains([]string{"class", "id", "value", "datetime", "aria-label"}, place[1]) {
				t.Errorf("%s: a value stands in %s…", file, place[0])
			}
		}
		if regexp.MustCompile(`(?s)<(script|style)[^>]*>[^<]*\{%`).MatchString(text) {
			t.Errorf("%s: a value stands in a script or a style", file)
		}
	}
}

func TestALinkHasTheSourcesAskedBeforeThePageIsOpened(t *testing.T) {
	t.Parallel()
	asked, examined := make(chan struct{}, 9), make(chan struct{}, 9)
	url, secret := serveSources(t, page.Sources{Now: time.Now, Program: "mage",
		Stack:   func(context.Context) (page.Stack, error) { asked <- struct{}{}; return page.Stack{}, nil },
		Examine: func(context.Context) ([]report.Result, error) { examined <- struct{}{}; return nil, nil }})
	req, err := http.NewRequestWithContext(t.Context(), "POST", url+"/command/link", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+secret)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var link page.Link
	if err := json.NewDecoder(res.Body).Decode(&link); err != nil || !strings.HasPrefix(link.URL, url+"/open/") {
		t.Errorf("%+v %v", link, err)
	}
	<-asked
	<-examined
}
