package page_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestThePage opens the page of one stack in one browser; its parts go on from each other.
func TestThePage(t *testing.T) {
	browser := startBrowser(t)
	s := startStack(t)
	for range 12 {
		s.chat("subscription", http.StatusOK)
		s.chat("router-default", http.StatusOK)
	}
	s.chat("nosuch", http.StatusBadRequest)
	for _, part := range []struct {
		name string
		test func(*testing.T, context.Context, *stack)
	}{
		{"it opens, and asks no other host", opensQuietly},
		{"it is painted with what its first request brings", paintsAtOnce},
		{"everything has a name and enough contrast", isAccessible},
		{"a phone shows it without scrolling sideways", fitsAPhone},
		{"its pictures", takePictures},
		{"the profile is switched by keyboard", switchesByKeyboard},
		{"a foreign page changes nothing", refusesForeignPages},
		{"what happens is shown at once", isLive},
	} {
		t.Run(part.name, func(t *testing.T) {
			own := *s
			own.T = t
			part.test(t, browser, &own)
		})
	}
}

func opensQuietly(t *testing.T, browser context.Context, s *stack) {
	b := openTab(t, browser, 1100, "light")
	base := b.enter(s)
	// The last requests come live: the router writes their rows once a second, the page reads them later still.
	for _, want := range []string{"litellm", "ready", "balanced", "claude 7d", "86 %", "codex 7d", "12 %", "gateway", "refused before a model was asked", "$"} {
		b.await(want, "document.body.innerText.includes("+quote(want)+")")
	}
	for range 9 { // what ends with a reload is no complaint
		b.do(chromedp.Reload())
		b.firstPaint()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, url := range b.asked {
		if !strings.HasPrefix(url, base+"/") && !strings.HasPrefix(url, "data:") {
			t.Errorf("the page asked for %s", url)
		}
	}
	if len(b.asked) < 6 || len(b.complaints) > 0 {
		t.Errorf("%v, complaints %v", b.asked, b.complaints)
	}
}

// paintsAtOnce bounds what the time of the first paint comes from, and logs this time beside that of a
// page of the same server that has one sentence only: the browser's own share differs from machine to
// machine, so that no test can bound it.
func paintsAtOnce(t *testing.T, browser context.Context, s *stack) {
	base := openTab(t, browser, 1100, "light").enter(s)
	load := func(path string) (b *tab, paint float64) {
		b = openTab(t, browser, 1100, "light")
		b.do(chromedp.Navigate(base + path))
		return b, b.firstPaint()
	}
	var whole, sentence []float64
	var transferred float64
	for range 9 {
		b, paint := load("/")
		whole = append(whole, paint)
		for _, never := range []string{
			"performance.getEntriesByType('resource').some((r) => r.renderBlockingStatus !== 'non-blocking')",
			"performance.getEntriesByType('navigation')[0].redirectCount > 0",
			"performance.getEntriesByType('navigation')[0].encodedBodySize > 30000",
		} {
			if evaluate[bool](b, never) {
				t.Errorf("before the first paint: %s", never)
			}
		}
		b.await("the charts", "document.querySelectorAll('canvas').length === 3")
		b.close()
		if transferred = b.bytes; transferred > 100_000 || transferred < 30_000 {
			t.Errorf("%.0f bytes", transferred)
		}
		b, paint = load("/nosuch")
		b.close()
		sentence = append(sentence, paint)
	}
	slices.Sort(whole)
	slices.Sort(sentence)
	t.Logf("first paint in a new tab, median and least of 9: the page %.0f and %.0f ms, one sentence %.0f and %.0f ms: %.2fx; %.0f bytes",
		whole[4], whole[0], sentence[4], sentence[0], whole[4]/sentence[4], transferred)
}

// firstPaint waits for the first paint, and returns after how many milliseconds it was.
func (b *tab) firstPaint() float64 {
	b.Helper()
	const entry = "performance.getEntriesByName('first-contentful-paint')[0]"
	b.await("the first paint", "!!"+entry)
	return evaluate[float64](b, entry+".startTime")
}

// contrasts returns the texts of the page whose colours have less than 4.5 to 1 (WCAG 2.2, AA).
const contrasts = `(() => {
  const parse = (c) => (c.match(/[\d.]+/g) || []).map(Number);
  const light = (c) => { const [r, g, b] = parse(c).map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (parse(c)[3] !== 0) return c; } return "rgb(255,255,255)"; };
  const low = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n; (n = walker.nextNode()); ) {
    const e = n.parentElement;
    if (!n.data.trim() || !e.getClientRects().length) continue;
    const [a, b] = [light(getComputedStyle(e).color), light(ground(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) low.push(n.data.trim() + " " + ratio.toFixed(2));
  }
  return low;
})()`

func isAccessible(t *testing.T, browser context.Context, s *stack) {
	for _, scheme := range []string{"light", "dark"} {
		b := openTab(t, browser, 1100, scheme)
		b.enter(s)
		if low := evaluate[[]string](b, contrasts); len(low) > 0 {
			t.Errorf("%s: too little contrast: %q", scheme, low)
		}
		dark := evaluate[bool](b, "matchMedia('(prefers-color-scheme: dark)').matches")
		ground := evaluate[string](b, "getComputedStyle(document.body).backgroundColor")
		if dark != (scheme == "dark") || (ground == "rgb(255, 255, 255)") == dark {
			t.Errorf("%s: %v %s", scheme, dark, ground)
		}
		b.checkNames()
		for _, want := range []string{"header", "main", "footer", "h1", "html[lang]", "main section[aria-labelledby] h2",
			"table caption", "th[scope=col]", "th[scope=row]", "[role=status]"} {
			if evaluate[int](b, "document.querySelectorAll("+quote(want)+").length") == 0 {
				t.Errorf("there is no %s", want)
			}
		}
		if twice := evaluate[[]string](b, "[...document.querySelectorAll('[id]')].map((e) => e.id).filter((id, i, all) => all.indexOf(id) !== i)"); len(twice) > 0 {
			t.Errorf("ids that are there twice: %v", twice)
		}
	}
}

// checkNames sees that everything that can be used, and each picture, has a name.
func (b *tab) checkNames() {
	b.Helper()
	tree, err := chromedp.Run(b.ctx, func(ctx context.Context, t *chromedp.Target) (accessibility.GetFullAXTreeResult, error) {
		return cdp.Call(ctx, t, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	})
	if err != nil {
		b.Fatal(err)
	}
	seen := map[string]int{}
	for _, n := range tree.Nodes {
		if n.Ignored || n.Role == nil {
			continue
		}
		role := strings.Trim(string(n.Role.Value), `"`)
		switch role {
		case "button", "link", "radio", "textbox", "progressbar", "image", "img", "region", "table", "group":
			seen[role]++
			if n.Name == nil || strings.Trim(string(n.Name.Value), `"`) == "" {
				b.Errorf("a %s has no name", role)
			}
		}
	}
	if seen["button"] < 2 || seen["radio"] != 3 || seen["table"] < 3 || seen["progressbar"] < 3 {
		b.Errorf("%v", seen)
	}
}

// quote returns text as a literal of JavaScript.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `\'`) + "'" }

func fitsAPhone(t *testing.T, browser context.Context, s *stack) {
	b := openTab(t, browser, 390, "light")
	b.enter(s)
	if wide := evaluate[int](b, "document.documentElement.scrollWidth"); wide > 390 {
		t.Errorf("the page is %d wide", wide)
	}
	small := evaluate[[]string](b, "[...document.querySelectorAll('button, label')].filter((e) => e.getBoundingClientRect().height < 24).map((e) => e.innerText)")
	if len(small) > 0 {
		t.Errorf("too small to touch: %q", small)
	}
}

func switchesByKeyboard(t *testing.T, browser context.Context, s *stack) {
	b := openTab(t, browser, 1100, "light")
	b.enter(s)
	b.pressUntil(kb.Tab, "document.activeElement.matches('a.skip')")
	if !evaluate[bool](b, "document.activeElement.getBoundingClientRect().left >= 0") {
		t.Error("the skip link is not seen when it has the focus")
	}
	b.pressUntil(kb.Tab, "document.activeElement.name === 'profile'")
	if outline := evaluate[string](b, "getComputedStyle(document.activeElement).outlineStyle"); outline == "none" {
		t.Error("the focus is not seen")
	}
	b.pressUntil(kb.ArrowDown, "document.activeElement.value === 'cost'")
	if !evaluate[bool](b, `new Promise((done) => setTimeout(() => done(document.getElementById("profile-cost").checked), 3000))`) {
		t.Error("what comes live takes a choice back")
	}
	b.pressUntil(kb.Tab, "document.activeElement.id === 'switch'")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.await("the switch", "document.getElementById('connection').innerText.includes('The profile is cost')")
	b.await("the profile in force", "document.querySelector('label:has(#profile-cost)').innerText.includes('in force')")
	if got := s.run("profile:list", "-jq=.data.current", "-raw"); got != "cost" {
		t.Errorf("the profile is %s", got)
	}
	if len(b.complaints) > 0 {
		t.Errorf("%v", b.complaints)
	}
}

// pressUntil presses a key until an expression is true.
func (b *tab) pressUntil(key, expression string) {
	b.Helper()
	for range 40 {
		b.do(chromedp.KeyEvent(key))
		if evaluate[bool](b, expression) {
			return
		}
	}
	b.Fatalf("%s: the focus is on %s", expression, evaluate[string](b, "document.activeElement.outerHTML"))
}

func refusesForeignPages(t *testing.T, browser context.Context, s *stack) {
	before := s.run("profile:list", "-jq=.data.current", "-raw")
	b := openTab(t, browser, 1100, "light")
	base := b.enter(s)
	token := evaluate[string](b, "document.querySelector('[name=token]').value")
	// Another port of the same host is the same site: the browser sends the cookie there and from there.
	foreign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<form method="post" action="` + base + `/profile"><input name="profile" value="reliability">` +
			`<input name="token" value="` + token + `"><button id="go">go</button></form><iframe id="frame" src="` + base + `/"></iframe>`))
	}))
	defer foreign.Close()
	b.do(chromedp.Navigate(foreign.URL))
	if got := evaluate[string](b, `(() => { try { return document.getElementById("frame").contentDocument.body.innerText } catch { return "" } })()`); got != "" {
		t.Errorf("the page is shown in a frame: %s", got)
	}
	if got := evaluate[string](b, `fetch(`+quote(base+"/")+`, {credentials: "include"}).then((r) => r.text()).catch(() => "refused")`); got != "refused" {
		t.Errorf("a foreign page reads the page: %s", got)
	}
	b.do(chromedp.Click(chromedp.CSS("#go")))
	b.await("the refusal", "document.body.innerText.includes('Another page sent this request')")
	if got := s.run("profile:list", "-jq=.data.current", "-raw"); got != before {
		t.Errorf("a foreign page changed the profile to %s", got)
	}
}

func isLive(t *testing.T, browser context.Context, s *stack) {
	b := openTab(t, browser, 1100, "light")
	b.enter(s)
	s.run("stop", "cliproxyapi_plus")
	b.await("the service that was stopped", "document.getElementById('services').innerText.includes('stopped')")
	b.await("the event", "document.getElementById('events').innerText.includes('service stopped')")
	s.run("start")
	b.await("the service that was started", "!document.getElementById('services').innerText.includes('stopped')")
	s.run("stop")
	b.await("the stack that was stopped", "document.getElementById('summary').innerText.includes('The stack is stopped')")
}

// takePictures writes the pictures of the documents with -update.
func takePictures(t *testing.T, browser context.Context, s *stack) {
	for _, p := range []struct {
		name, scheme string
		width        int64
	}{{"page-light", "light", 1100}, {"page-dark", "dark", 1100}, {"page-phone", "light", 390}} {
		b := openTab(t, browser, p.width, p.scheme)
		b.enter(s)
		b.await("the charts", "document.querySelectorAll('canvas').length === 3")
		png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(err)
		}
		small := shrink(t, png)
		if len(small) > 150_000 {
			t.Errorf("%s takes %d bytes", p.name, len(small))
		}
		if *update {
			if err := os.WriteFile(root+"/docs/"+p.name+".png", small, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
