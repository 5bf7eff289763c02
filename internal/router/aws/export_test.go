package aws

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// SignFor signs a request to a service for a test.
func SignFor(ctx context.Context, a Access, service string, at time.Time, u *url.URL, body []byte, header http.Header) error {
	s := New(a)
	c := aws.Credentials{AccessKeyID: a.AccessKeyID, SecretAccessKey: a.SecretAccessKey, SessionToken: a.SessionToken}
	return s.sign(ctx, c, signing{now: at, service: service, url: u, body: body}, header)
}

// Find returns the access key, the session token and the end of what a Signer finds.
func Find(ctx context.Context, a Access) (id, token string, end time.Time, err error) {
	c, err := New(a).find(ctx)
	return c.AccessKeyID, c.SessionToken, c.Expires, err
}

// FindVia is Find for a machine whose metadata services are all at address.
func FindVia(ctx context.Context, a Access, address string) (id string, err error) {
	s := New(a)
	s.local.Transport = &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
	c, err := s.find(ctx)
	return c.AccessKeyID, err
}

// AskedAddress returns the address that a Signer asks first for credentials; nothing is sent.
func AskedAddress(ctx context.Context, a Access) (address string) {
	s := New(a)
	s.client.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		address = r.URL.String()
		return nil, net.ErrClosed
	})
	_, _ = s.find(ctx) // it fails
	return address
}

// roundTripper answers the requests of a client.
type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip answers a request.
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// ParseProfiles is parseProfiles.
func ParseProfiles(text, prefix string) int { return len(parseProfiles(text, prefix)) }

// ReadSTS is readSTS.
func ReadSTS(text []byte, status int) (string, error) {
	c, err := readSTS(text, status, "arn")
	return c.AccessKeyID, err
}

// ReadMetadata is readMetadata.
func ReadMetadata(text []byte) (string, error) {
	c, err := readMetadata(text)
	return c.AccessKeyID, err
}

// NameOfSSOCache returns the name of the file in which aws sso login keeps the token for a start address.
func NameOfSSOCache(start string) string {
	sum := sha1.Sum([]byte(start))
	return hex.EncodeToString(sum[:]) + ".json"
}
