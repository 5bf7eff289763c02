package router

import (
	"crypto/x509"
	"net/http"
	"net/url"
	"time"
)

// SetAfter replaces time.After.
func (r *Router) SetAfter(after func(time.Duration) <-chan time.Time) { r.after = after }

// LendBody makes a call with a body of size bytes, lends it to a Transport, and
// ends the call. closed says whether the Transport has closed the body before.
// It reports whether another request gets the same call, with its buffers.
func (r *Router) LendBody(size int, closed bool) (reused bool) {
	c := r.calls.Get().(*call)
	c.r, c.body = r, make([]byte, size)
	body, _ := c.bodyFor(r.settings.Deployments[0])
	if closed {
		_ = body.Close()
	}
	c.end()
	for range 16 { // one Get may come from another processor's list
		if next := r.calls.Get().(*call); next == c {
			return true
		}
	}
	return false
}

// SetProxy replaces the proxies of the environment, which net/http reads once in a process.
func (r *Router) SetProxy(proxy func(*http.Request) (*url.URL, error)) {
	r.transport.Proxy, r.unshared.Proxy = proxy, proxy
}

// What tests need of the inside.
var (
	ReadWait = readWait

	DecodeBody  = decodeBody
	PromptBytes = func(part []byte) int { return promptBytes("", part, maxEstimateDepth) }
	CauseOf     = func(err error) string { return string(causeOf(err)) }
)

// SetWritePatience shortens how long a client may take to accept a piece of a reply.
func (r *Router) SetWritePatience(d time.Duration) { r.writePatience = d }

// TrustForTest has the router trust the certificates in pool. It returns the
// settings of HTTP/2 towards upstreams, which the test may shorten before the first request.
func (r *Router) TrustForTest(pool *x509.CertPool) *http.HTTP2Config {
	for _, t := range []*http.Transport{r.transport, r.unshared} {
		t.TLSClientConfig.RootCAs = pool // New has made it: cloning a Transport prepares it for HTTP/2
	}
	return r.transport.HTTP2
}

// KeepAlive is the interval of keep-alives that the settings ask for.
func (s *Settings) KeepAlive() time.Duration { return s.keepAlive }

// StartGuard begins to watch with one watch for all, and returns the guard's stop.
func (w *Watch) StartGuard(limit time.Duration, expire func()) (stop func()) {
	return (*watch)(w).guard(limit, expire).stop
}

// Watch is a watch for tests.
type Watch watch
