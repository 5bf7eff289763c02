package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/tcp"
)

// Cause is why no reply, or only a part of one, came from an upstream.
type Cause string

// The causes.
const (
	CauseCertificate Cause = "certificate"       // the upstream's certificate does not verify
	CauseTLS         Cause = "tls"               // the handshake failed for another reason
	CauseNoTLS       Cause = "https-to-http"     // https in api_base, and the port speaks plain HTTP
	CauseNeedsTLS    Cause = "http-to-https"     // http in api_base, and the port speaks TLS
	CauseDNS         Cause = "dns"               // the host name has no address
	CauseRefused     Cause = "refused"           // nothing listens there
	CauseUnreachable Cause = "unreachable"       // no route to the host or network
	CauseProxy       Cause = "proxy"             // the proxy cannot be used
	CauseTimeout     Cause = "timeout"           // too slow
	CauseClosed      Cause = "closed"            // the upstream closed the connection
	CauseReset       Cause = "reset"             // the upstream, or something between, reset the connection
	CauseProtocol    Cause = "protocol"          // the reply is not HTTP
	CauseNotOurs     Cause = "not-ours"          // another user's process has a supervised upstream's port
	CauseOther       Cause = "connection-failed" // anything else
)

// proxyRefusal is the error of a proxy that answers CONNECT with another status than 200.
type proxyRefusal struct{ status string }

// Error returns a text with the proxy's status.
func (e *proxyRefusal) Error() string { return "proxy answered " + e.status }

// checkProxyResponse is an http.Transport's OnProxyConnectResponse. Without it, the error for
// a proxy's refusal would have no type of its own, and only the status text as a message.
func checkProxyResponse(_ context.Context, _ *url.URL, _ *http.Request, res *http.Response) error {
	if res.StatusCode == http.StatusOK {
		return nil
	}
	return &proxyRefusal{res.Status}
}

// CauseOf returns the cause of an error of a round trip or of reading a reply. The order of
// the checks matters: a proxy's error wraps the error of the connection to the proxy.
func CauseOf(err error) Cause {
	var op *net.OpError
	var refusal *proxyRefusal
	if errors.As(err, &op) && (op.Op == "proxyconnect" || strings.HasPrefix(op.Op, "socks")) ||
		errors.As(err, &refusal) ||
		strings.Contains(err.Error(), "invalid proxy") {
		return CauseProxy
	}
	if foreign := (*tcp.ForeignPeerError)(nil); errors.As(err, &foreign) {
		return CauseNotOurs
	}
	if c := tlsCause(err); c != "" {
		return c
	}
	var name *net.DNSError
	var slow net.Error
	switch {
	case errors.As(err, &name):
		return CauseDNS
	case errors.Is(err, syscall.ECONNREFUSED):
		return CauseRefused
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETDOWN):
		return CauseUnreachable
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNABORTED):
		return CauseReset
	case errors.As(err, &slow) && slow.Timeout():
		return CauseTimeout
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), containsAny(err, "server closed idle connection"):
		return CauseClosed
	case containsAny(err, "client connection lost", "server sent GOAWAY", "stream error:"):
		return CauseReset
	case containsAny(err, "malformed HTTP", "malformed chunked", "invalid byte in chunk",
		"response headers exceeded", "readLoopPeekFailLocked: %!w(<nil>)"):
		return CauseProtocol
	}
	return CauseOther
}

// tlsCause returns the cause of an error of TLS; empty when err is not one.
func tlsCause(err error) Cause {
	var unverified *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var roots x509.SystemRootsError
	var alert tls.AlertError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &unverified), errors.As(err, &authority), errors.As(err, &host), errors.As(err, &invalid),
		errors.As(err, &roots):
		return CauseCertificate
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record):
		return CauseNoTLS
	case containsAny(err, `malformed HTTP response "\x15\x03`):
		return CauseNeedsTLS // a TLS alert
	case errors.As(err, &alert), containsAny(err, "tls: "):
		return CauseTLS
	}
	return ""
}

// containsAny reports whether an error's text contains one of texts.
func containsAny(err error, texts ...string) bool {
	for _, text := range texts {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}

// isTLSRequired reports whether an upstream's 400 says that its port expects TLS.
func isTLSRequired(status int, body string) bool {
	return status == http.StatusBadRequest &&
		(strings.Contains(body, "HTTP request to an HTTPS server") ||
			strings.Contains(body, "HTTP request was sent to HTTPS port"))
}

// RefusalCause returns the cause of a refusal that does not come from the upstream's API;
// empty when it may come from there. Only proxies answer 407.
func RefusalCause(status int, body string) Cause {
	switch {
	case status == http.StatusProxyAuthRequired:
		return CauseProxy
	case isTLSRequired(status, body):
		return CauseNeedsTLS
	}
	return ""
}

// Advice returns sentences for clients: what happened, and what to do about it. It never names
// the upstream's address.
func (c Cause) Advice() string {
	switch c {
	case CauseCertificate:
		return "The upstream's TLS certificate does not verify: correct the host in api_base, renew the " +
			"certificate, or set SSL_CERT_FILE to a file with its CA."
	case CauseTLS:
		return "The TLS handshake with the upstream failed: check the TLS versions and client certificates that " +
			"it asks for."
	case CauseNoTLS:
		return "The upstream's port speaks plain HTTP and no TLS: write http:// in api_base, or the port that " +
			"serves https."
	case CauseNeedsTLS:
		return "The upstream's port speaks TLS: write https:// in api_base."
	case CauseDNS:
		return "The upstream's host name has no address: correct the host in api_base, or check DNS."
	case CauseRefused:
		return "The connection was refused: start the upstream, or correct the port in api_base."
	case CauseUnreachable:
		return "The upstream's network cannot be reached: check the network, the VPN and the host in api_base."
	case CauseProxy:
		return "The proxy cannot be used: check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY, or add the upstream's host " +
			"to NO_PROXY."
	case CauseTimeout:
		return "The upstream did not accept the connection in time: check that its host is up and no firewall " +
			"drops packets."
	case CauseClosed:
		return "The upstream closed the connection before its reply was complete: look into its log."
	case CauseReset:
		return "The connection to the upstream was reset: look into its log, and at proxies and firewalls between."
	case CauseNotOurs:
		return "A process of another user has the upstream's port; nothing was sent to it. Start the upstream " +
			program.Text("again: mage status shows who has the port.")
	case CauseProtocol:
		return "What answered does not speak HTTP correctly: check the port in api_base."
	}
	return "The connection to the upstream failed: the router's log has the details."
}

// WithoutCredentials returns an error's text without the user names and passwords in
// addresses. It replaces the whole text of an error about an invalid address of a proxy,
// because the credentials in it cannot be found.
func WithoutCredentials(text string) string {
	if strings.Contains(text, "invalid proxy") {
		return "an environment variable holds an address of a proxy that is not valid"
	}
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n\"'`<>", r) })
	for _, word := range words {
		if at := strings.LastIndexByte(word, '@'); at > 0 {
			from := strings.Index(word, "://") + len("://")
			if from < len("://") || from > at {
				from = 0
			}
			text = strings.ReplaceAll(text, word, word[:from]+"…"+word[at:])
		}
	}
	return text
}
