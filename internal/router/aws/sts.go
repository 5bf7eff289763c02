package aws

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/flowgate-go/flowgate/internal/router/renewal"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// role is a role that is assumed.
type role struct {
	arn, session, externalID string
}

// maxAnswer is the longest answer of a token service that is read, in bytes.
const maxAnswer = 1 << 20

// assumeRole asks AWS's token service for the credentials of a role.
func (s *Signer) assumeRole(ctx context.Context, base aws.Credentials, r role) (aws.Credentials, error) {
	form := url.Values{"Action": {"AssumeRole"}, "RoleArn": {r.arn}, "RoleSessionName": {s.sessionName(r.session)}}
	if r.externalID != "" {
		form.Set("ExternalId", r.externalID)
	}
	return s.askSTS(ctx, &base, form)
}

// assumeByToken asks for the credentials of a role with the token of a web identity: a token,
// or the path of a file with one, which is read each time, since who runs the container
// replaces it.
func (s *Signer) assumeByToken(ctx context.Context, arn, token string) (aws.Credentials, error) {
	if strings.Count(token, ".") != 2 || strings.ContainsAny(token, "/\\") {
		const maxToken = 64 << 10
		text, err := safefile.Read(token, maxToken)
		if err != nil {
			return aws.Credentials{}, &renewal.Error{Text: "the file with the web identity's token cannot be read", Err: err}
		}
		token = strings.TrimSpace(string(text))
	}
	session := s.access.SessionName
	if session == "" {
		session = s.access.Getenv("AWS_ROLE_SESSION_NAME")
	}
	return s.askSTS(ctx, nil, url.Values{"Action": {"AssumeRoleWithWebIdentity"}, "RoleArn": {arn},
		"RoleSessionName": {s.sessionName(session)}, "WebIdentityToken": {token}})
}

// sessionName returns the name of a session, made here if it is empty.
func (s *Signer) sessionName(name string) string {
	if name == "" {
		return "flowgate-" + strconv.FormatInt(s.now().Unix(), 10)
	}
	return name
}

// stsAnswer has the members of the token service's answers and errors that count here.
type stsAnswer struct {
	Credentials []stsCredentials `xml:"AssumeRoleResult>Credentials"`
	ByToken     []stsCredentials `xml:"AssumeRoleWithWebIdentityResult>Credentials"`
	Code        string           `xml:"Error>Code"`
	Message     string           `xml:"Error>Message"`
}

type stsCredentials struct {
	AccessKeyID     string    `xml:"AccessKeyId"`
	SecretAccessKey string    `xml:"SecretAccessKey"`
	SessionToken    string    `xml:"SessionToken"`
	Expiration      time.Time `xml:"Expiration"`
}

// askSTS asks AWS's token service, whose API is of version 2011-06-15. base signs the
// request; nil for one that needs no signature.
func (s *Signer) askSTS(ctx context.Context, base *aws.Credentials, form url.Values) (aws.Credentials, error) {
	form.Set("Version", "2011-06-15")
	address := s.access.STSEndpoint
	if address == "" {
		address = "https://sts." + s.access.Region + "." + domain(s.access.Region)
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return aws.Credentials{}, &renewal.Error{Text: "aws_sts_endpoint is not a valid address"}
	}
	if u.Path == "" {
		u.Path = "/"
	}
	body := form.Encode()
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}}
	if base != nil {
		what := signing{now: s.now(), service: "sts", url: u, body: []byte(body)}
		if err := s.sign(ctx, *base, what, header); err != nil {
			return aws.Credentials{}, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(body))
	if err != nil {
		return aws.Credentials{}, &renewal.Error{Text: "aws_sts_endpoint is not a valid address"}
	}
	req.Header = header
	text, status, err := fetch(s.client, req)
	if err != nil {
		return aws.Credentials{}, &renewal.Error{Text: "AWS's token service cannot be reached", Err: err, IsTemporary: true}
	}
	return readSTS(text, status, form.Get("RoleArn"))
}

// readSTS returns the credentials in an answer of the token service.
func readSTS(text []byte, status int, arn string) (aws.Credentials, error) {
	var answer stsAnswer
	err := xml.Unmarshal(text, &answer)
	for _, c := range append(answer.Credentials, answer.ByToken...) {
		if status == http.StatusOK && c.AccessKeyID != "" && c.SecretAccessKey != "" {
			return aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey,
				SessionToken: c.SessionToken, CanExpire: true, Expires: c.Expiration}, nil
		}
	}
	cause := errors.New(strings.TrimSpace(answer.Code + ": " + answer.Message))
	if err != nil || answer.Code == "" {
		cause = fmt.Errorf("it answered %d", status)
	}
	return aws.Credentials{}, &renewal.Error{Text: "AWS's token service does not give the role " + arn, Err: cause,
		IsTemporary: status >= http.StatusInternalServerError || status == http.StatusTooManyRequests}
}

// fetch sends a request and reads its answer.
func fetch(client *http.Client, req *http.Request) (text []byte, status int, err error) {
	res, err := client.Do(req)
	if err != nil {
		var failed *url.Error // its text has the address, which may have a token in it
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return nil, 0, err
	}
	text, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	return text, res.StatusCode, errors.Join(err, res.Body.Close())
}
