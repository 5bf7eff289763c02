package gateway

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// transport is tuned for few upstreams and many requests. Loopback upstreams
// never go through a proxy: http.ProxyFromEnvironment leaves them out.
func transport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dial,
		TLSHandshakeTimeout:    10 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           1024,
		MaxIdleConnsPerHost:    256,
		IdleConnTimeout:        90 * time.Second,
		DisableCompression:     true,
		MaxResponseHeaderBytes: 1 << 20,
		WriteBufferSize:        32 << 10,
		ReadBufferSize:         32 << 10,
	}
}

// limit is how long an attempt at d may take: in all, or for a stream until
// its first byte and between any two.
func (c *call) limit(d *Deployment) time.Duration {
	s := c.r.settings
	limit := defaultTimeout
	if c.dialect.anthropic() || c.dialect == responses {
		limit = defaultShortTimeout
	}
	limit = positive(d.timeout, s.timeout, limit)
	if c.stream {
		limit = positive(d.stream, s.stream, limit)
	}
	if asked := c.control.timeout; asked > 0 && asked < limit {
		limit = asked
	}
	return limit
}

func positive(list ...time.Duration) time.Duration {
	for _, d := range list {
		if d > 0 {
			return d
		}
	}
	return 0
}

// outbound is the request to d. Nothing of the client's headers goes along but
// Anthropic's version and beta names; nothing of its query string but on
// Anthropic's routes, and there no key.
func (c *call) outbound(ctx context.Context, d *Deployment) *http.Request {
	body, size := c.bodyFor(d)
	u, header := d.wire.urls[c.dialect], d.wire.header
	if c.dialect.anthropic() {
		u = addQuery(u, withoutKeys(c.req.URL.RawQuery))
		header = header.Clone()
		header["Anthropic-Version"] = c.req.Header["Anthropic-Version"]
		if len(header["Anthropic-Version"]) == 0 {
			header["Anthropic-Version"] = []string{anthropicVersion}
		}
		if beta := c.req.Header["Anthropic-Beta"]; len(beta) > 0 {
			header["Anthropic-Beta"] = beta
		}
	}
	q := &http.Request{Method: http.MethodPost, URL: u, Host: u.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: body, ContentLength: size}
	q.GetBody = func() (io.ReadCloser, error) { // for a kept connection that the upstream closed meanwhile
		body, _ := c.bodyFor(d)
		return body, nil
	}
	return q.WithContext(ctx)
}

// withoutKeys drops what could be a key from a query string.
func withoutKeys(query string) string {
	if !strings.Contains(query, "key") && !strings.Contains(query, "token") {
		return query
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return ""
	}
	for name := range values {
		if lower := strings.ToLower(name); strings.Contains(lower, "key") || strings.Contains(lower, "token") {
			values.Del(name)
		}
	}
	return values.Encode()
}
