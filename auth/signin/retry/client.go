package retry

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/hostname"
)

// CheckAddress refuses an address to which tokens would be sent unencrypted over the
// network. An empty one is not refused. Fault: provider-invalid.
func CheckAddress(provider, address string) error {
	if address == "" {
		return nil
	}
	at, err := url.Parse(address)
	if err == nil && at.Host != "" && (at.Scheme == "https" || at.Scheme == "http" && hostname.IsLoopback(at.Hostname())) {
		return nil
	}
	return fault.Usage("provider-invalid", "auth.providers.%s: %q is not an https address", provider, HideQuery(address)).
		WithHint("keys and tokens are sent over https only, or over http to this machine")
}

// HideQuery returns an address without the parts that may be secret: user, query and
// fragment.
func HideQuery(address string) string {
	at, err := url.Parse(address)
	if err != nil {
		return "…"
	}
	at.User, at.RawQuery, at.Fragment = nil, "", ""
	return at.String()
}

// NewClient returns a client for providers, which uses the proxy of the environment.
// It follows no redirects: a token endpoint has none.
func NewClient() *http.Client {
	return &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

// Unreachable returns the fault for a request that failed: login-failed. It leaves
// the URL out, whose query may hold a code. An error without a URL means that there
// was an answer which could not be read.
func Unreachable(what string, err error) error {
	var u *url.Error
	var lost *TransientError
	switch {
	case errors.As(err, &u):
		err = u.Err
	case !errors.As(err, &lost):
		return fault.New("login-failed", "%s did not answer as expected: %w", what, err).
			WithHint("is the address right? a captive portal or a proxy may have answered in place of the server")
	}
	return fault.New("login-failed", "%s cannot be reached: %w", what, err).
		WithHint("is the network up, and HTTPS_PROXY right?")
}
