// Package transport connects to upstreams. New makes a Transport; CauseOf says why
// a connection failed, in words that clients may see.
//
// It never sends a request to a supervised address at which a process of another
// user listens, never follows a redirection, and never uses a proxy for a loopback
// address.
package transport

import (
	"net/http"
	"os"
	"time"

	"github.com/flowgate-go/flowgate/internal/proxy"
)

// After pingAfter without data, a ping is sent on an HTTP/2 connection, which is closed
// when no reply comes within pingTimeout. Otherwise, request after request would get a
// connection that died unnoticed.
const (
	pingAfter   = 15 * time.Second
	pingTimeout = 10 * time.Second
)

// Each connection keeps two buffers, in bytes. The one for writing has room for the largest body that
// is sent together with its headers (request.SmallBody) and for these; larger pieces pass both by.
const (
	writeBuffer = 20 << 10
	readBuffer  = 16 << 10
)

// Transport sends requests to upstreams.
type Transport struct {
	Shared   *http.Transport // keeps connections for later requests
	Unshared *http.Transport // for a request that needs a connection of its own
}

// New returns a Transport for few upstreams and many requests. peers are the addresses at
// which only processes of this user may get requests. The variables that getenv returns name the proxies; nil
// stands for the process's environment.
func New(peers OwnPeers, getenv func(string) string) Transport {
	if getenv == nil {
		getenv = os.Getenv
	}
	shared := &http.Transport{
		Proxy:                  proxy.FromEnvironment(getenv),
		OnProxyConnectResponse: checkProxyResponse,
		DialContext:            peers.dial,
		TLSHandshakeTimeout:    10 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           1024,
		MaxIdleConnsPerHost:    256,
		IdleConnTimeout:        90 * time.Second,
		DisableCompression:     true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
		MaxResponseHeaderBytes: 1 << 20,
		WriteBufferSize:        writeBuffer,
		ReadBufferSize:         readBuffer,
	}
	unshared := shared.Clone()
	unshared.DisableKeepAlives = true
	return Transport{shared, unshared}
}

// Close closes the idle connections. Requests in flight continue.
func (t Transport) Close() {
	t.Shared.CloseIdleConnections()
	t.Unshared.CloseIdleConnections()
}
