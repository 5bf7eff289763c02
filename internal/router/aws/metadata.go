package aws

import (
	"cmp"
	"context"
	"crypto/sha1" // the AWS command names its files by it
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/flowgate-go/flowgate/internal/router/renewal"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// Addresses at which containers and machines of AWS's find their credentials.
const (
	containerHost = "http://169.254.170.2"
	machineHost   = "http://169.254.169.254"
)

// metadata has the credentials of a container, of a machine, or of a single sign-on.
type metadata struct {
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string
	Token           string
	Expiration      time.Time
}

// askContainer asks the container's host for credentials.
func (s *Signer) askContainer(ctx context.Context) (aws.Credentials, error) {
	getenv := s.access.Getenv
	address := getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI")
	if relative := getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); relative != "" {
		address = containerHost + relative
	}
	u, err := url.Parse(address)
	if err != nil || !isLocalMetadata(u) {
		return aws.Credentials{}, &renewal.Error{Text: "AWS_CONTAINER_CREDENTIALS_FULL_URI must begin with https://, or " +
			"name this machine or an address of AWS's containers"}
	}
	header := http.Header{"Accept": {"application/json"}}
	token := getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN")
	if file := getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); file != "" {
		const maxToken = 64 << 10
		text, err := safefile.Read(file, maxToken)
		if err != nil {
			return aws.Credentials{}, &renewal.Error{Text: "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read", Err: err}
		}
		token = strings.TrimSpace(string(text))
	}
	if token != "" {
		header.Set("Authorization", token)
	}
	text, err := s.askLocal(ctx, http.MethodGet, u.String(), header)
	if err != nil {
		return aws.Credentials{}, &renewal.Error{Text: "the container's credentials cannot be had", Err: err,
			IsTemporary: true}
	}
	return readMetadata(text)
}

// isLocalMetadata reports whether a container's token may be sent to an address, by the rules
// of AWS's SDKs.
func isLocalMetadata(u *url.URL) bool {
	if u.Scheme == "https" || u.Hostname() == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "http" && err == nil && (ip.IsLoopback() || ip.String() == "169.254.170.2" ||
		ip.String() == "169.254.170.23" || ip.String() == "fd00:ec2::23")
}

// askMachine asks the metadata service of an EC2 machine, version 2, for the credentials of
// its role.
func (s *Signer) askMachine(ctx context.Context) (aws.Credentials, error) {
	getenv := s.access.Getenv
	if strings.EqualFold(getenv("AWS_EC2_METADATA_DISABLED"), "true") {
		return aws.Credentials{}, missingCredentials(nil)
	}
	base := strings.TrimRight(cmp.Or(getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT"), machineHost), "/") + "/latest/"
	token, err := s.askLocal(ctx, http.MethodPut, base+"api/token",
		http.Header{"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": {"21600"}})
	if err != nil {
		return aws.Credentials{}, missingCredentials(nil)
	}
	header := http.Header{"X-Aws-Ec2-Metadata-Token": {string(token)}}
	const path = "meta-data/iam/security-credentials/"
	name, err := s.askLocal(ctx, http.MethodGet, base+path, header)
	if err != nil {
		return aws.Credentials{}, missingCredentials(fmt.Errorf("this machine has no role: %w", err))
	}
	first, _, _ := strings.Cut(strings.TrimSpace(string(name)), "\n")
	text, err := s.askLocal(ctx, http.MethodGet, base+path+url.PathEscape(first), header)
	if err != nil {
		return aws.Credentials{}, missingCredentials(err)
	}
	return readMetadata(text)
}

// askLocal asks a metadata service and returns its good answer.
func (s *Signer) askLocal(ctx context.Context, method, address string, header http.Header) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header = header
	text, status, err := fetch(s.local, req)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the metadata service answered %d", status)
	}
	return text, err
}

// readMetadata returns the credentials in an answer of a metadata service.
func readMetadata(text []byte) (aws.Credentials, error) {
	var m metadata
	if err := json.Unmarshal(text, &m); err != nil || m.AccessKeyID == "" || m.SecretAccessKey == "" {
		return aws.Credentials{}, &renewal.Error{Text: "the answer of the metadata service has no credentials"}
	}
	return aws.Credentials{AccessKeyID: m.AccessKeyID, SecretAccessKey: m.SecretAccessKey, SessionToken: m.Token,
		CanExpire: !m.Expiration.IsZero(), Expires: m.Expiration}, nil
}

// ssoAnswer is what the portal of a single sign-on answers.
type ssoAnswer struct {
	RoleCredentials struct {
		AccessKeyID     string `json:"accessKeyId"`
		SecretAccessKey string `json:"secretAccessKey"`
		SessionToken    string `json:"sessionToken"`
		Expiration      int64  `json:"expiration"` // milliseconds since 1970
	} `json:"roleCredentials"`
}

// isDomainPart reports whether a text may be one part of a host's name.
func isDomainPart(text string) bool {
	return text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// askSSO returns the credentials of a profile with a single sign-on, by the token that
// aws sso login has left. Who has signed in renews that token, not this program.
func (s *Signer) askSSO(ctx context.Context, all map[string]profile, p profile) (aws.Credentials, error) {
	start, region, name := p["sso_start_url"], p["sso_region"], p["sso_start_url"]
	if session := p["sso_session"]; session != "" {
		shared := all["sso-session "+session]
		start, region, name = shared["sso_start_url"], shared["sso_region"], session
	}
	if !isDomainPart(region) { // else the token would go to another host
		return aws.Credentials{}, &renewal.Error{Text: "sso_region is not valid"}
	}
	login := &renewal.Error{Text: "the single sign-on of " + start + " has ended: type aws sso login"}
	sum := sha1.Sum([]byte(name)) // the AWS command names its files by it
	file := filepath.Join(s.access.Getenv("HOME"), ".aws", "sso", "cache", hex.EncodeToString(sum[:])+".json")
	text, err := safefile.Read(file, maxSharedFile)
	if err != nil {
		return aws.Credentials{}, login
	}
	var cached struct {
		AccessToken string    `json:"accessToken"`
		ExpiresAt   time.Time `json:"expiresAt"`
	}
	if json.Unmarshal(text, &cached) != nil || cached.AccessToken == "" || time.Now().After(cached.ExpiresAt) {
		return aws.Credentials{}, login
	}
	base := cmp.Or(s.access.Getenv("AWS_ENDPOINT_URL_SSO"), "https://portal.sso."+region+"."+domain(region))
	query := url.Values{"account_id": {p["sso_account_id"]}, "role_name": {p["sso_role_name"]}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/federation/credentials?"+query.Encode(), nil)
	if err != nil {
		return aws.Credentials{}, &renewal.Error{Text: "sso_region is not valid"}
	}
	req.Header.Set("X-Amz-Sso_bearer_token", cached.AccessToken)
	text, status, err := fetch(s.client, req)
	if err != nil {
		return aws.Credentials{}, &renewal.Error{Text: "the portal of the single sign-on cannot be reached", Err: err,
			IsTemporary: true}
	}
	var answer ssoAnswer
	if status == http.StatusUnauthorized {
		return aws.Credentials{}, login
	}
	if err := json.Unmarshal(text, &answer); err != nil || answer.RoleCredentials.AccessKeyID == "" {
		return aws.Credentials{}, &renewal.Error{Text: fmt.Sprintf("the single sign-on does not give the role %s of "+
			"account %s: its portal answered %d", p["sso_role_name"], p["sso_account_id"], status)}
	}
	c := answer.RoleCredentials
	return aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken,
		CanExpire: true, Expires: time.UnixMilli(c.Expiration)}, nil
}
