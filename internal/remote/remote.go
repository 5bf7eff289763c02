// Package remote is the way to a router that somebody else runs, or that runs as another user: on
// another machine, in containers, behind a tunnel. Open checks the address and reads the key;
// Explain says what an error of a request means.
//
// It is the one exception from the rule of package loopback that a key goes to a process of this user
// only: the user names the address with -url and gives the key for it. The key then goes over TLS to
// whom the certificate names, or to this machine; anything else needs -insecure-plain. No redirect is
// followed, and the key is never taken from an argument.
package remote

import (
	"crypto/x509"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/hostname"
	"github.com/flowgate-go/flowgate/internal/keyfile"
	"github.com/flowgate-go/flowgate/internal/loopback"
	"github.com/flowgate-go/flowgate/internal/proxy"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// KeyVariable names the environment variable that holds the key unless another source is named.
const KeyVariable = "FLOWGATE_GATEWAY_KEY"

// Options say which router is meant, and where its key is.
type Options struct {
	URL     string // base URL, with or without /v1
	KeyFile string // file with the key; "" for a variable
	KeyEnv  string // name of the variable with the key; "" for KeyVariable
	CAFile  string // PEM file of the authorities of its certificate; "" for the system's
	Plain   bool   // the key may also go over plain HTTP, and to a process of another user
	Getenv  func(string) string
}

// Router is a router elsewhere. Print its URL, never its Key.
type Router struct {
	URL string // without a trailing slash and without /v1
	Key string

	options Options
	address *url.URL
	roots   *x509.CertPool
}

// Open returns the router that the options name. It sends nothing. Faults: url-invalid,
// key-sources, key-missing, key-unreadable, key-invalid, key-unprotected, ca-file-invalid.
func Open(o Options) (Router, error) {
	address, err := parseURL(o.URL)
	if err != nil {
		return Router{}, err
	}
	r := Router{URL: address.String(), options: o, address: address}
	if r.Key, err = o.readKey(address.Redacted()); err != nil {
		return Router{}, err
	}
	if address.Scheme == "http" && !hostname.IsLoopback(address.Hostname()) && !o.Plain {
		return Router{}, fault.Usage("key-unprotected", "the key would go to %s over plain http, where others can read it",
			address.Host).WithHint("use https://, or a tunnel to this machine; in a network that you trust add -insecure-plain")
	}
	if o.CAFile != "" {
		if r.roots, err = readAuthorities(o.CAFile); err != nil {
			return Router{}, err
		}
	}
	return r, nil
}

// parseURL returns the base URL of a router.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return nil, fault.Usage("url-invalid", "-url=%s is not an http or https URL", text).
			WithHint("give the router's base URL, for example -url=https://gateway.example.com")
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return nil, fault.Usage("url-invalid", "-url must hold an address only: no user, password, query or fragment").
			WithHint("a key comes from %s, -key-file or -key-env", KeyVariable)
	}
	u.Path = strings.TrimSuffix(strings.TrimSuffix(strings.TrimRight(u.Path, "/"), "/v1"), "/")
	u.RawPath = ""
	return u, nil
}

// readKey returns the key for the router at an address.
func (o Options) readKey(address string) (string, error) {
	if o.KeyFile != "" && o.KeyEnv != "" {
		return "", fault.Usage("key-sources", "-key-file and -key-env both name the key").WithHint("leave one of the two out")
	}
	key, source := "", "the file "+o.KeyFile
	if o.KeyFile != "" {
		var err error
		if key, _, err = keyfile.Read(o.KeyFile); err != nil {
			return "", fault.Usage("key-unreadable", "read the key from %s: %w", o.KeyFile, err).
				WithHint("the file holds the router's key and nothing else, on one line")
		}
	} else {
		name := KeyVariable
		if o.KeyEnv != "" {
			name = o.KeyEnv
		}
		source = "the variable " + name
		if key = strings.TrimSpace(o.Getenv(name)); key == "" {
			return "", fault.Usage("key-missing", "no key for %s: %s is not set", address, name).
				WithHint("-key-file=FILE names a file with it, -key-env=NAME another variable; without them it comes from %s",
					KeyVariable)
		}
	}
	if !httpguts.ValidHeaderFieldValue(key) || strings.ContainsAny(key, " \t") {
		return "", fault.Usage("key-invalid", "%s holds no key: it has spaces or characters that no key has", source).
			WithHint("give the router's key as it stands in gateway.key, or one that key:create made")
	}
	return key, nil
}

// readAuthorities returns the authorities of a PEM file.
func readAuthorities(file string) (*x509.CertPool, error) {
	text, err := safefile.Read(file, safefile.DocumentLimit)
	if err != nil {
		return nil, fault.Usage("ca-file-invalid", "read -ca-file: %w", err).WithHint("name a PEM file of certificates")
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fault.Usage("ca-file-invalid", "%s holds no certificate", file).
			WithHint("name a PEM file of certificates")
	}
	return pool, nil
}

// Client returns the client for requests with the key. own are keys that belong to the installation
// here: over plain HTTP they go to a process of this user only, unless Options.Plain is set.
func (r Router) Client(own []string, limits loopback.Options) *http.Client {
	if r.address.Scheme == "http" && !r.options.Plain && slices.Contains(own, r.Key) {
		return loopback.New(limits)
	}
	return loopback.Elsewhere(limits, r.roots, proxy.FromEnvironment(r.options.Getenv))
}
