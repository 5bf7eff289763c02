package authtest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"sync"
	"testing"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/signin"
)

// Browser returns a client that opens addresses as a person does: it keeps cookies.
func Browser(t *testing.T) *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

// Get returns a page and the address at which it ended.
func Get(t *testing.T, c *http.Client, at string) (string, *url.URL) {
	t.Helper()
	res, err := c.Get(at)
	if err != nil {
		t.Error(err)
		return "", &url.URL{}
	}
	defer func() { _ = res.Body.Close() }()
	b, _ := io.ReadAll(res.Body)
	return string(b), res.Request.URL
}

// Terminal is what the person sees. Act is called once, with the first match of On and its groups.
type Terminal struct {
	mu   sync.Mutex
	text bytes.Buffer
	On   *regexp.Regexp
	Act  func(match []string)
	wg   sync.WaitGroup
}

// Write implements io.Writer.
func (w *Terminal) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.Write(p)
	if m := w.On.FindStringSubmatch(w.text.String()); m != nil && w.Act != nil {
		act := w.Act
		w.Act = nil
		w.wg.Go(func() { act(m) })
	}
	return len(p), nil
}

// String returns all that was written.
func (w *Terminal) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// Address matches an address that the person is told to open.
var Address = regexp.MustCompile(`(?s)(https?://\S+)\n`)

// Login signs in, and returns what the person saw.
func (s *Site) Login(provider string, o signin.Options) (auth.Change, *Terminal, error) {
	w, _ := o.Terminal.Out.(*Terminal)
	if w == nil {
		w = &Terminal{On: Address}
		o.Terminal.Out = w
	}
	c, err := signin.Login(s.T.Context(), s.Config, s.Env, provider, o)
	w.wg.Wait()
	return c, w, err
}
