package download

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/hostname"
)

// maxRedirects is how many redirects are followed; net/http has the same limit.
const maxRedirects = 10

// RequireSecure returns the fault address-insecure unless address is https, or http on
// this machine. The message does not show credentials that the address may contain.
func RequireSecure(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return fault.Usage("address-insecure", "an address that is to be fetched cannot be parsed").
			WithHint("check GITHUB_API_URL and the addresses that this server names")
	}
	if isSecure(u) {
		return nil
	}
	return fault.Usage("address-insecure", "%s://%s is not fetched: programs are fetched over https only, or over http "+
		"from this machine", u.Scheme, u.Host).
		WithHint("check GITHUB_API_URL and the addresses that this server names")
}

// isSecure reports whether u is https, or http on this machine.
func isSecure(u *url.URL) bool {
	switch u.Scheme {
	case "https":
		return u.Host != ""
	case "http":
		return hostname.IsLoopback(u.Hostname())
	}
	return false
}

// Guard returns a copy of client (nil: http.DefaultClient) that follows redirects to
// secure addresses only, and sends no Authorization header after a redirect. net/http
// would keep the header for other ports and for subdomains of a host.
func Guard(client *http.Client) *http.Client {
	if client == nil {
		client = http.DefaultClient
	}
	guarded := *client
	guarded.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if len(via) >= maxRedirects {
			return errors.New("stopped after 10 redirects")
		}
		if err := RequireSecure(req.URL.String()); err != nil {
			return err
		}
		req.Header.Del("Authorization")
		return nil
	}
	return &guarded
}
