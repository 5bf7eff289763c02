package retry

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// CheckAddress refuses to send tokens in the clear to another machine.
func CheckAddress(provider, address string) error {
	if address == "" {
		return nil
	}
	at, err := url.Parse(address)
	if err == nil && at.Host != "" && (at.Scheme == "https" || at.Scheme == "http" && isLoopback(at.Hostname())) {
		return nil
	}
	return fault.Usage("provider-invalid", "auth.providers.%s: %q is not an https address", provider, HideQuery(address)).
		WithHint("keys and tokens are sent over https only, or over http to this machine")
}

// isLoopback reports whether host is the loopback interface.
func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback()
}

// HideQuery is an address without what may be secret in it: the user and
// the query.
func HideQuery(address string) string {
	at, err := url.Parse(address)
	if err != nil {
		return "…"
	}
	at.User, at.RawQuery, at.Fragment = nil, "", ""
	return at.String()
}

// NewClient speaks to providers, through the proxy of the environment. It
// follows no redirects: a token endpoint has none.
func NewClient() *http.Client {
	return &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Unreachable is a failure on the way, without the URL, whose query may hold a code.
// Without a URL there was an answer, which could not be read.
func Unreachable(what string, err error) error {
	var u *url.Error
	var lost *TransientError
	switch {
	case errors.As(err, &u):
		err = u.Err
	case !errors.As(err, &lost):
		return fault.New("login-failed", "%s did not answer as expected: %w", what, err).WithHint("is the address right, and no portal or proxy in the way?")
	}
	return fault.New("login-failed", "%s cannot be reached: %w", what, err).WithHint("is the network up, and HTTPS_PROXY right?")
}

// IsCutShort reports whether body is JSON whose end is missing, as a connection
// leaves it that broke before the last byte.
func IsCutShort(body []byte) bool {
	var value json.RawMessage
	err := json.NewDecoder(bytes.NewReader(body)).Decode(&value)
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
