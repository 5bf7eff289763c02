package aws

import (
	"cmp"
	"context"
	"crypto/sha1" // the AWS command names its files by it
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/flowgate-go/flowgate/internal/router/renewal"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// ssoAnswer is what the portal of a single sign-on answers.
type ssoAnswer struct {
	RoleCredentials struct {
		AccessKeyID     string `json:"accessKeyId"`
		SecretAccessKey string `json:"secretAccessKey"`
		SessionToken    string `json:"sessionToken"`
		Expiration      int64  `json:"expiration"` // milliseconds since 1970
	} `json:"roleCredentials"`
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
	token := s.readSSOToken(name)
	if token == "" {
		return aws.Credentials{}, login
	}
	base := cmp.Or(s.access.Getenv("AWS_ENDPOINT_URL_SSO"), "https://portal.sso."+region+"."+domain(region))
	query := url.Values{"account_id": {p["sso_account_id"]}, "role_name": {p["sso_role_name"]}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/federation/credentials?"+query.Encode(), nil)
	if err != nil {
		return aws.Credentials{}, &renewal.Error{Text: "sso_region is not valid"}
	}
	req.Header.Set("X-Amz-Sso_bearer_token", token)
	text, status, err := fetch(s.client, req)
	switch {
	case err != nil:
		return aws.Credentials{}, &renewal.Error{Text: "the portal of the single sign-on cannot be reached", Err: err,
			IsTemporary: true}
	case status == http.StatusUnauthorized:
		return aws.Credentials{}, login
	}
	if c, ok := readSSO(text); ok {
		return c, nil
	}
	return aws.Credentials{}, &renewal.Error{Text: fmt.Sprintf("the single sign-on does not give the role %s of "+
		"account %s: its portal answered %d", p["sso_role_name"], p["sso_account_id"], status)}
}

// isDomainPart reports whether a text may be one part of a host's name.
func isDomainPart(text string) bool {
	return text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// readSSO returns the credentials in an answer of the portal, if it has some.
func readSSO(text []byte) (aws.Credentials, bool) {
	var answer ssoAnswer
	err := json.Unmarshal(text, &answer)
	c := answer.RoleCredentials
	return aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken,
		CanExpire: true, Expires: time.UnixMilli(c.Expiration)}, err == nil && c.AccessKeyID != "" && c.SecretAccessKey != ""
}

// readSSOToken returns the token that aws sso login has left for a session, or for the start
// address of a profile without one; empty when there is none, or when it has ended.
func (s *Signer) readSSOToken(name string) string {
	sum := sha1.Sum([]byte(name)) // the AWS command names its files by it
	file := filepath.Join(s.access.Getenv("HOME"), ".aws", "sso", "cache", hex.EncodeToString(sum[:])+".json")
	text, err := safefile.Read(file, maxSharedFile)
	if err != nil {
		return ""
	}
	var cached struct {
		AccessToken string    `json:"accessToken"`
		ExpiresAt   time.Time `json:"expiresAt"`
	}
	if json.Unmarshal(text, &cached) != nil || s.now().After(cached.ExpiresAt) {
		return ""
	}
	return cached.AccessToken
}
