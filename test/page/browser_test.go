package page_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience bounds what a test waits for in the browser.
const patience = 60 * time.Second

// requireChromium installs Chromium where the tests of the page are required, and skips
// elsewhere.
func requireChromium(t *testing.T) string {
	t.Helper()
	if os.Getenv("FLOWGATE_REQUIRE_CHROMIUM") != "1" {
		t.Skip("the page is not opened in Chromium: mage test:page does that")
	}
	if out, err := exec.CommandContext(t.Context(), root+"/scripts/install_chromium.sh").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, name := range []string{"chromium", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("there is no Chromium")
	return ""
}

// startBrowser starts Chromium, without the requests that it makes by itself.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(requireChromium(t)),
		chromedp.UserDataDir(t.TempDir()), chromedp.DisableGPU, chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.WSURLReadTimeout(patience))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses its sandbox to root
	}
	ctx, cancel := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// tab is one tab of the browser, and what it asked for and complained about.
type tab struct {
	*testing.T
	ctx   context.Context
	close func() // before the end of the test; a browser has six connections to a host, and each tab keeps one

	mu         sync.Mutex
	asked      []string
	complaints []string
	statuses   []int64
	bytes      float64 // of what was transferred
}

// openTab opens a tab of a width and a colour scheme.
func openTab(t *testing.T, browser context.Context, width int64, scheme string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	b := &tab{T: t, close: cancel}
	if err := chromedp.Listen(ctx, b.note); err != nil {
		t.Fatal(err)
	}
	b.ctx, cancel = context.WithTimeout(ctx, patience)
	t.Cleanup(cancel)
	b.do(call(network.Enable, network.EnableParams{}), call(log.Enable, cdp.Empty{}), call(runtime.Enable, cdp.Empty{}),
		chromedp.EmulateViewport(width, 900),
		call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}}))
	return b
}

// call returns the action that runs a command of the protocol.
func call[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, command, params)
		return err
	})
}

// note notes an event of the tab.
func (b *tab) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.asked = append(b.asked, e.Request.URL)
	case *network.EventResponseReceived:
		b.statuses = append(b.statuses, e.Response.Status)
	case *network.EventLoadingFinished:
		b.bytes += e.EncodedDataLength
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			b.complaints = append(b.complaints, e.Entry.Text)
		}
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, e.ExceptionDetails.Text)
	}
}

// do carries actions out.
func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.Fatal(err)
	}
}

// evaluate returns the value of a JavaScript expression.
func evaluate[V any](b *tab, expression string) V {
	b.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[V](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.Fatalf("%s: %v", expression, err)
	}
	return value
}

// await waits until an expression is true. It asks again after an error, since the page that
// was asked may just have been left.
func (b *tab) await(what, expression string) {
	b.Helper()
	ask := chromedp.Evaluate[bool]("Boolean("+expression+")", chromedp.EvalAwaitPromise)
	for {
		is, err := chromedp.Run(b.ctx, ask)
		switch {
		case is:
			return
		case b.ctx.Err() != nil:
			b.Fatalf("%s: %v", what, err)
		}
		time.Sleep(50 * time.Millisecond) // between two looks
	}
}

// enter opens the page with a new link, and waits for what doctor finds.
func (b *tab) enter(s *stack) (base string) {
	b.Helper()
	link := s.run("page", "-print", "-jq=.data.url", "-raw")
	b.do(chromedp.Navigate(link))
	b.await("the page", "location.pathname === '/' && !!document.getElementById('examine')")
	b.await("the examination", "document.getElementById('problems').innerText.includes('examined at')")
	base, _, _ = strings.Cut(link, "/open/")
	return base
}
