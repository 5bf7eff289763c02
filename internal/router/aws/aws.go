// Package aws signs requests to Amazon Bedrock, finds the credentials for it, and reads its
// event streams and errors. Make a Signer with New; Events reads a stream.
//
// Credentials are looked for where AWS's own SDKs do, in their order: the entry's keys, a
// role, a profile, the environment, the shared files, a web identity, the container, the
// machine. It uses AWS's signer and event-stream packages and nothing else of its SDK. It
// executes no credential_process, and never writes credentials to a log.
//
// It is larger than other packages because each source of credentials needs the signer and the
// clients of the others.
package aws

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/flowgate-go/flowgate/internal/proxy"
	"github.com/flowgate-go/flowgate/internal/router/renewal"
)

// Access says who sends requests, and from where the proof comes. The members are those of
// LiteLLM's litellm_params without aws_.
type Access struct {
	Region           string
	AccessKeyID      string
	SecretAccessKey  string
	SessionToken     string
	ProfileName      string
	RoleName         string // the ARN of a role
	SessionName      string
	ExternalID       string
	WebIdentityToken string // a token, or the path of a file with one
	STSEndpoint      string // address of AWS's token service; empty: that of the region

	Getenv func(string) string // the environment; never nil
	Now    func() time.Time    // nil: time.Now
}

// Signer proves who sends requests.
type Signer struct {
	access      Access
	credentials *renewal.Value[aws.Credentials]
	signer      *v4.Signer
	now         func() time.Time
	client      *http.Client // to token services
	local       *http.Client // to this machine's own metadata: without a proxy
}

// The time limits of questions to a token service, and to the metadata of a machine, which
// most machines do not have.
const (
	tokenTimeout    = 15 * time.Second
	metadataTimeout = 2 * time.Second
)

// New returns a Signer. It looks for credentials when the first request is signed.
func New(a Access) *Signer {
	s := &Signer{access: a, signer: v4.NewSigner(), now: a.Now}
	if s.now == nil {
		s.now = time.Now
	}
	s.client = &http.Client{Timeout: tokenTimeout, CheckRedirect: refuseRedirect, Transport: &http.Transport{
		Proxy: proxy.FromEnvironment(a.Getenv), DisableKeepAlives: true}}
	s.local = &http.Client{Timeout: metadataTimeout, CheckRedirect: refuseRedirect,
		Transport: &http.Transport{DisableKeepAlives: true}}
	s.credentials = renewal.New(func(ctx context.Context) (aws.Credentials, time.Time, error) {
		c, err := s.find(ctx)
		return c, c.Expires, err
	})
	return s
}

// refuseRedirect keeps a client from another address, which would get the tokens in headers and forms.
func refuseRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Authorize adds to header what proves who sends a request to u with that body. It signs the
// header Content-Type and no other, as LiteLLM does: proxies may change the rest. Its error
// is a *renewal.Error or that of ctx.
func (s *Signer) Authorize(ctx context.Context, now time.Time, u *url.URL, body []byte, header http.Header) error {
	c, err := s.credentials.Get(ctx, now)
	if err != nil {
		return err
	}
	return s.sign(ctx, c, signing{now: now, service: "bedrock", url: u, body: body}, header)
}

// Forget drops credentials that AWS refused, and reports whether others may be had.
func (s *Signer) Forget() bool { return s.credentials.Forget() }

// signing is what is signed besides the header.
type signing struct {
	now     time.Time
	service string
	url     *url.URL
	body    []byte
}

// sign adds the signature to header.
func (s *Signer) sign(ctx context.Context, c aws.Credentials, what signing, header http.Header) error {
	sum := sha256.Sum256(what.body)
	req := (&http.Request{Method: http.MethodPost, URL: what.url, Host: what.url.Host,
		Header: http.Header{}}).WithContext(ctx)
	if kind := header["Content-Type"]; len(kind) > 0 {
		req.Header["Content-Type"] = kind
	}
	err := s.signer.SignHTTP(ctx, c, req, hex.EncodeToString(sum[:]), what.service, s.access.Region, what.now)
	if err != nil {
		return &renewal.Error{Text: "the request cannot be signed", Err: err}
	}
	for _, name := range [...]string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token"} {
		if values := req.Header[name]; len(values) > 0 {
			header[name] = values
		}
	}
	return nil
}

// Endpoint returns the address of Bedrock's models in a region.
func Endpoint(region string) string {
	return "https://bedrock-runtime." + region + "." + domain(region)
}

// domain returns the domain of AWS's services in a region.
func domain(region string) string {
	if strings.HasPrefix(region, "cn-") {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}
