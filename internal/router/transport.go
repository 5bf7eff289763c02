package router

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/flowgate-go/flowgate/internal/proxy"
)

// A connection of HTTP/2 on which nothing came for pingAfter is asked for a
// sign of life, and closed when none comes within pingPatience. Without that,
// one that died silently would be given to request after request.
const (
	pingAfter    = 15 * time.Second
	pingPatience = 10 * time.Second
)

// transport is tuned for few upstreams and many requests. Loopback upstreams
// never go through a proxy.
func transport(own ownUpstreams) *http.Transport {
	return &http.Transport{
		Proxy:                  proxy.FromEnvironment(os.Getenv),
		OnProxyConnectResponse: proxyAnswered,
		DialContext:            own.dial,
		TLSHandshakeTimeout:    10 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           1024,
		MaxIdleConnsPerHost:    256,
		IdleConnTimeout:        90 * time.Second,
		DisableCompression:     true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingPatience},
		MaxResponseHeaderBytes: 1 << 20,
		WriteBufferSize:        32 << 10,
		ReadBufferSize:         32 << 10,
	}
}

// limits are how long an attempt at d may take. Without a stream, both are the
// time in all. With one, silence is the longest time in which nothing comes, not
// even a comment, and content that until the first content.
func (c *call) limits(d *Deployment) (silence, content time.Duration) {
	s := c.r.settings
	limit := defaultTimeout
	if c.dialect.anthropic() || c.dialect == responses {
		limit = defaultShortTimeout
	}
	configured := positive(d.timeout, s.timeout)
	limit = positive(configured, limit)
	silence, content = limit, limit
	if c.stream {
		stream := positive(d.stream, s.stream)
		silence = positive(stream, limit)
		if stream > 0 && configured == 0 {
			content = min(limit, openingShare*stream)
		}
		content = positive(d.firstContent, s.firstContent, max(content, silence))
	}
	if c.dialect == countTokens {
		silence, content = min(silence, countPatience), min(content, countPatience)
	}
	if asked := c.control.timeout; asked > 0 {
		silence, content = min(silence, asked), min(content, asked)
	}
	return silence, content
}

// openingShare is how many stream_timeouts a stream may take until its first
// content, sending comments or pings, when neither ttft_timeout nor timeout is set.
const openingShare = 10

func positive(list ...time.Duration) time.Duration {
	for _, d := range list {
		if d > 0 {
			return d
		}
	}
	return 0
}

// outbound is the request to d. headerFor says which of the client's headers
// go along; of its query string only what queryFor keeps, on Anthropic's routes.
func (c *call) outbound(ctx context.Context, d *Deployment) *http.Request {
	body, size := c.bodyFor(d)
	u := d.wire.urls[c.dialect]
	if c.dialect.anthropic() {
		u = addQuery(u, c.queryFor(c.req.URL.RawQuery))
	}
	q := &http.Request{Method: http.MethodPost, URL: u, Host: u.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: c.headerFor(d), Body: body, ContentLength: size}
	q.GetBody = func() (io.ReadCloser, error) { // for a kept connection that the upstream closed meanwhile
		body, _ := c.bodyFor(d)
		return body, nil
	}
	return q.WithContext(ctx)
}

// maxQueryValue is the longest value of a query parameter that goes to an upstream, in bytes.
const maxQueryValue = 256

// queryFor keeps, of a client's query string, the parameters that Anthropic's
// interface has: beta. Keys stand in query strings under many names.
func (c *call) queryFor(query string) string {
	if query == "" || query == "beta=true" {
		return query
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return ""
	}
	kept := url.Values{}
	for _, value := range values["beta"] {
		if len(value) <= maxQueryValue && !c.holdsKey([]string{value}) {
			kept.Add("beta", value)
		}
	}
	return kept.Encode()
}
