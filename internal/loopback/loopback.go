// Package loopback makes requests to the services on this machine, with one set of
// rules: no proxy, no redirect followed, bounded replies. New returns the client for
// requests with one of FlowGate's own keys, or a prompt: before it sends a byte, the
// kernel confirms that its connection leads to a process of this user. Keyless returns
// the client for all other requests, which refuses to send a key. Elsewhere is the one
// exception: package remote, which says when, sends a key to an address that the user named.
package loopback

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/flowgate-go/flowgate/internal/tcp"
)

// Defaults of Options.
const (
	defaultMaxReply = 8 << 20
	connectTimeout  = 5 * time.Second
)

// Options configure a client. The zero value works.
type Options struct {
	Timeout  time.Duration           // limit of a whole request; 0: that of its context
	Idle     int                     // idle connections kept for each service; 0: none
	MaxReply int64                   // longest reply in bytes; default 8 MiB; more is ErrTooLarge
	Only     func(addr string) error // refuses addresses (host:port); nil: none
}

// ErrTooLarge ends a reply that is longer than MaxReply.
var ErrTooLarge = errors.New("the reply is too large")

// ErrKey refuses a request of a Keyless client that carries a key.
var ErrKey = errors.New("a request with a key needs a client that confirms its receiver")

// New returns a client whose connections lead to processes of this user only; other
// connections fail with a *tcp.ForeignPeerError before anything is sent.
func New(o Options) *http.Client {
	return o.client(Dial, false)
}

// Keyless returns a client that connects to any process, and refuses to send a key.
func Keyless(o Options) *http.Client {
	return o.client(dialAny, true)
}

// Elsewhere returns a client for a service that the user named, on another machine or in a container, with
// the key that the user gave for it. Its certificate is judged by roots, nil for the system's authorities;
// proxy chooses the proxy of a request, as http.Transport.Proxy does.
func Elsewhere(o Options, roots *x509.CertPool, proxy func(*http.Request) (*url.URL, error)) *http.Client {
	client := o.client(dialAny, false)
	transport := client.Transport.(*boundedTransport)
	transport.Proxy = proxy
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return client
}

// client returns a client that connects by dial, with the rules of this package.
func (o Options) client(dial dialer, keyless bool) *http.Client {
	if o.MaxReply == 0 {
		o.MaxReply = defaultMaxReply
	}
	if only := o.Only; only != nil {
		next := dial
		dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if err := only(addr); err != nil {
				return nil, err
			}
			return next(ctx, network, addr)
		}
	}
	transport := &http.Transport{
		DialContext: dial, DisableKeepAlives: o.Idle == 0, MaxIdleConnsPerHost: o.Idle,
		IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: 1 << 20,
	}
	return &http.Client{
		Timeout: o.Timeout, Transport: &boundedTransport{transport, o.MaxReply, keyless},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// dialer is the type of http.Transport's DialContext.
type dialer func(ctx context.Context, network, addr string) (net.Conn, error)

// Dial connects to a service of this user on this machine. It closes the
// connection and fails with a *tcp.ForeignPeerError when the kernel does not
// confirm that its other end is a process of this user.
func Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := dialAny(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	if err := tcp.CheckPeer(conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// dialAny connects to any process.
func dialAny(ctx context.Context, network, addr string) (net.Conn, error) {
	return (&net.Dialer{Timeout: connectTimeout, KeepAlive: -1}).DialContext(ctx, network, addr)
}

// boundedTransport is a transport with bounded replies.
type boundedTransport struct {
	*http.Transport
	limit   int64
	keyless bool
}

// keyHeaders are the request headers that carry a key.
var keyHeaders = [...]string{"Authorization", "Proxy-Authorization", "X-Api-Key", "Api-Key", "X-Litellm-Api-Key",
	"X-Goog-Api-Key", "X-Management-Key", "Cookie"}

// RoundTrip implements http.RoundTripper.
func (b *boundedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if b.keyless {
		for _, name := range keyHeaders {
			if req.Header.Get(name) != "" {
				return nil, fmt.Errorf("header %s: %w", name, ErrKey)
			}
		}
	}
	res, err := b.Transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	res.Body = &limitedBody{body: res.Body, left: b.limit}
	return res, nil
}

// limitedBody is the body of a reply, which fails with ErrTooLarge after left bytes.
type limitedBody struct {
	body io.ReadCloser
	left int64
}

// Read implements io.Reader.
func (l *limitedBody) Read(p []byte) (int, error) {
	if l.left < 0 {
		return 0, ErrTooLarge
	}
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.body.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return n - 1, ErrTooLarge
	}
	return n, err
}

// Close implements io.Closer.
func (l *limitedBody) Close() error { return l.body.Close() }
