package router

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

	"github.com/flowgate-go/flowgate/internal/tcp"
)

// cause is why no reply, or only a part of one, came from an upstream.
type cause string

const (
	causeCertificate cause = "certificate"       // the upstream's certificate does not verify
	causeTLS         cause = "tls"               // the handshake failed for another reason
	causeNoTLS       cause = "https-to-http"     // https in api_base, and the port speaks plain HTTP
	causeNeedsTLS    cause = "http-to-https"     // http in api_base, and the port speaks TLS
	causeDNS         cause = "dns"               // the host name has no address
	causeRefused     cause = "refused"           // nothing listens there
	causeUnreachable cause = "unreachable"       // no route to the host or network
	causeProxy       cause = "proxy"             // the proxy cannot be used
	causeTimeout     cause = "timeout"           // too slow
	causeEOF         cause = "closed"            // the upstream closed the connection
	causeReset       cause = "reset"             // the upstream, or something between, reset the connection
	causeProtocol    cause = "protocol"          // what came is not HTTP
	causeNotOurs     cause = "not-ours"          // another user's process has a supervised upstream's port
	causeOther       cause = "connection-failed" // anything else
)

// proxyRefusal is a proxy's answer to CONNECT that is not a success.
type proxyRefusal struct{ status string }

func (e *proxyRefusal) Error() string { return "proxy answered " + e.status }

// proxyAnswered is a Transport's OnProxyConnectResponse. Without it a proxy's
// refusal would be an error of two words without a type.
func proxyAnswered(_ context.Context, _ *url.URL, _ *http.Request, res *http.Response) error {
	if res.StatusCode == http.StatusOK {
		return nil
	}
	return &proxyRefusal{res.Status}
}

// causeOf classifies an error of a round trip or of reading a reply. The order
// matters: an error of a proxy wraps the error of the connection to it.
func causeOf(err error) cause {
	var op *net.OpError
	var refusal *proxyRefusal
	if errors.As(err, &op) && (op.Op == "proxyconnect" || strings.HasPrefix(op.Op, "socks")) || errors.As(err, &refusal) ||
		strings.Contains(err.Error(), "invalid proxy") {
		return causeProxy
	}
	if stranger := (*tcp.ForeignPeerError)(nil); errors.As(err, &stranger) {
		return causeNotOurs
	}
	if c := tlsCause(err); c != "" {
		return c
	}
	var name *net.DNSError
	var slow net.Error
	switch {
	case errors.As(err, &name):
		return causeDNS
	case errors.Is(err, syscall.ECONNREFUSED):
		return causeRefused
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETDOWN):
		return causeUnreachable
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNABORTED):
		return causeReset
	case errors.As(err, &slow) && slow.Timeout():
		return causeTimeout
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), hasText(err, "server closed idle connection"):
		return causeEOF
	case hasText(err, "client connection lost", "server sent GOAWAY", "stream error:"):
		return causeReset
	case hasText(err, "malformed HTTP", "malformed chunked", "invalid byte in chunk", "response headers exceeded", "readLoopPeekFailLocked: %!w(<nil>)"):
		return causeProtocol
	}
	return causeOther
}

// tlsCause classifies errors of TLS; empty when err is not one.
func tlsCause(err error) cause {
	var unverified *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var roots x509.SystemRootsError
	var alert tls.AlertError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &unverified), errors.As(err, &authority), errors.As(err, &host), errors.As(err, &invalid), errors.As(err, &roots):
		return causeCertificate
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record):
		return causeNoTLS
	case hasText(err, `malformed HTTP response "\x15\x03`):
		return causeNeedsTLS // a TLS alert
	case errors.As(err, &alert), hasText(err, "tls: "):
		return causeTLS
	}
	return ""
}

func hasText(err error, texts ...string) bool {
	for _, text := range texts {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}

// speaksTLS reports whether an upstream's 400 says that its port wants TLS.
func speaksTLS(status int, body string) bool {
	return status == http.StatusBadRequest &&
		(strings.Contains(body, "HTTP request to an HTTPS server") || strings.Contains(body, "HTTP request was sent to HTTPS port"))
}

// refusalCause is why a refusal does not come from the upstream's API; empty
// when it may. Only proxies answer 407.
func refusalCause(status int, body string) cause {
	switch {
	case status == http.StatusProxyAuthRequired:
		return causeProxy
	case speaksTLS(status, body):
		return causeNeedsTLS
	}
	return ""
}

// advice tells a client what happened and what to do. It never says where the
// upstream is.
func (k cause) advice() string {
	switch k {
	case causeCertificate:
		return "The upstream's TLS certificate does not verify: correct the host in api_base, renew the certificate, or set SSL_CERT_FILE to a file with its CA."
	case causeTLS:
		return "The TLS handshake with the upstream failed: check the TLS versions and client certificates that it asks for."
	case causeNoTLS:
		return "The upstream's port speaks plain HTTP and no TLS: write http:// in api_base, or the port that serves https."
	case causeNeedsTLS:
		return "The upstream's port speaks TLS: write https:// in api_base."
	case causeDNS:
		return "The upstream's host name has no address: correct the host in api_base, or check DNS."
	case causeRefused:
		return "The connection was refused: start the upstream, or correct the port in api_base."
	case causeUnreachable:
		return "The upstream's network cannot be reached: check the network, the VPN and the host in api_base."
	case causeProxy:
		return "The proxy cannot be used: check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY, or add the upstream's host to NO_PROXY."
	case causeTimeout:
		return "The upstream did not accept the connection in time: check that its host is up and no firewall drops packets."
	case causeEOF:
		return "The upstream closed the connection before its reply was complete: look into its log."
	case causeReset:
		return "The connection to the upstream was reset: look into its log, and at proxies and firewalls between."
	case causeNotOurs:
		return "A process of another user has the upstream's port; nothing was sent to it. Start the upstream again: mage status shows who has the port."
	case causeProtocol:
		return "What answered does not speak HTTP correctly: check the port in api_base."
	}
	return "The connection to the upstream failed: the router's log has the details."
}

// withoutCredentials takes user names and passwords out of the addresses in an error's text.
func withoutCredentials(text string) string {
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
