package router

import (
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/request"
)

// SetAfter replaces time.After.
func (r *Router) SetAfter(after func(time.Duration) <-chan time.Time) { r.policy.After = after }

// LendBody makes a call with a body of size bytes, lends it to a Transport, and
// ends the call. isClosed says whether the Transport has closed the body before.
// It reports whether another request gets the same call, with its buffers.
func (r *Router) LendBody(size int, isClosed bool) (isReused bool) {
	text := `{"model":"m","messages":["` + strings.Repeat("x", size) + `"]}`
	req := httptest.NewRequest(http.MethodPost, "/v1/chat/completions", strings.NewReader(text))
	c := r.takeCall(httptest.NewRecorder(), req, &destination{dialect: dialect.Chat})
	if f := c.request.Accept(httptest.NewRecorder(), &r.reader, &c.loan, ""); f != nil {
		panic(f.Text)
	}
	body, _ := c.request.NewBody(request.Changes{Model: r.deployments[0].ModelLiteral})
	if isClosed {
		_ = body.Close()
	}
	r.releaseCall(c)
	for range 16 { // one Get may come from another processor's list
		if next := r.calls.pick(int64(len(text))).Get(); next == c {
			r.calls.pick(int64(len(text))).Put(c)
			return true
		}
	}
	return false
}

// ShortCallRoom returns the size of the body's buffer of the call that a short request gets.
func (r *Router) ShortCallRoom() int {
	req := httptest.NewRequest(http.MethodPost, "/v1/chat/completions", strings.NewReader("{}"))
	c := r.takeCall(httptest.NewRecorder(), req, &destination{dialect: dialect.Chat})
	defer r.releaseCall(c)
	return c.request.BodyRoom()
}

// SetProxy replaces the proxies of the environment, which net/http reads once in a process.
func (r *Router) SetProxy(proxy func(*http.Request) (*url.URL, error)) {
	r.sender.Transport.Shared.Proxy, r.sender.Transport.Unshared.Proxy = proxy, proxy
}

// SetWriteTimeout shortens how long a client may take to accept a piece of a reply.
func (r *Router) SetWriteTimeout(d time.Duration) { r.replies.WriteTimeout = d }

// Trust makes the router trust the certificates in pool. It returns the settings of
// HTTP/2 towards upstreams, which the test may shorten before the first request.
func (r *Router) Trust(pool *x509.CertPool) *http.HTTP2Config {
	for _, t := range []*http.Transport{r.sender.Transport.Shared, r.sender.Transport.Unshared} {
		t.TLSClientConfig.RootCAs = pool // New has made it: cloning a Transport prepares it for HTTP/2
	}
	return r.sender.Transport.Shared.HTTP2
}

// Held returns how many bytes of requests and replies are held now.
func (r *Router) Held() int64 { return r.memory.Held() }
