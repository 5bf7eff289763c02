// Package vertex gets the tokens by which requests to Google's Vertex AI prove who sends
// them, with golang.org/x/oauth2/google: of a service account, a user's sign-in, a workload
// identity, or the machine. Make Tokens with New; BaseURL is the address of a location.
//
// Tokens are kept and renewed before their end, and never written to a log. A credential
// file that wants a program executed is refused by the library, unless the environment of the
// process allows it; one that sends proofs to addresses which are not Google's is refused here.
package vertex

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"github.com/flowgate-go/flowgate/internal/proxy"
	"github.com/flowgate-go/flowgate/internal/router/renewal"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// scope is what tokens allow, as in Google's own SDKs.
const scope = "https://www.googleapis.com/auth/cloud-platform"

// Access says who sends requests, and where.
type Access struct {
	Project  string
	Location string
	// Credentials are the JSON of a credential, or the path of a file with it; empty stands
	// for the application default credentials.
	Credentials string
	Getenv      func(string) string // the environment of the file with the entry; nil: os.Getenv
}

// getenv returns the value of an environment variable.
func (a Access) getenv(name string) string {
	if a.Getenv == nil {
		return os.Getenv(name)
	}
	return a.Getenv(name)
}

// Tokens proves who sends requests.
type Tokens struct {
	token *renewal.Value[string]
}

// tokenTimeout is the time limit of one question to a token service.
const tokenTimeout = 15 * time.Second

// New returns the Tokens of an Access. It looks for credentials when the first request is sent.
func New(a Access) *Tokens {
	getenv := a.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	client := &http.Client{Timeout: tokenTimeout, Transport: &http.Transport{
		Proxy: proxy.FromEnvironment(getenv), DisableKeepAlives: true}}
	return &Tokens{token: renewal.New(func(ctx context.Context) (string, time.Time, error) {
		return fetch(context.WithValue(ctx, oauth2.HTTPClient, client), a)
	})}
}

// Authorize adds a token to header. Its error is a *renewal.Error or that of ctx.
func (t *Tokens) Authorize(ctx context.Context, now time.Time, _ *url.URL, _ []byte, header http.Header) error {
	token, err := t.token.Get(ctx, now)
	if err == nil {
		header["Authorization"] = []string{"Bearer " + token}
	}
	return err
}

// Forget drops a token that Google refused, and reports whether another one may be had.
func (t *Tokens) Forget() bool { return t.token.Forget() }

// fetch returns a new token and when it ends.
func fetch(ctx context.Context, a Access) (string, time.Time, error) {
	credentials, err := find(ctx, a)
	if err != nil {
		return "", time.Time{}, err
	}
	token, err := credentials.TokenSource.Token()
	if err != nil {
		return "", time.Time{}, explain(err)
	}
	return token.AccessToken, token.Expiry, nil
}

// find returns the credentials that were written, or the application default ones.
func find(ctx context.Context, a Access) (*google.Credentials, error) {
	if a.Credentials == "" {
		return findDefault(ctx, a.getenv)
	}
	text, err := Read(a.Credentials)
	if err != nil {
		return nil, &renewal.Error{Text: "the file that vertex_credentials names cannot be read", Err: err}
	}
	return parse(ctx, "vertex_credentials", text)
}

// parse returns the credentials in a JSON text. what names the text in errors.
func parse(ctx context.Context, what string, text []byte) (*google.Credentials, error) {
	var typed struct {
		Type google.CredentialsType `json:"type"`
	}
	if err := json.Unmarshal(text, &typed); err != nil {
		return nil, &renewal.Error{Text: what + " is not valid JSON: check the line ends in private_key"}
	}
	if err := checkExchange(what, text); err != nil {
		return nil, err
	}
	credentials, err := google.CredentialsFromJSONWithType(ctx, text, typed.Type, scope)
	if err != nil {
		return nil, &renewal.Error{Text: what + " cannot be used", Err: withoutSecrets(err)}
	}
	return credentials, nil
}

// maxCredentials is the largest credential file that is read, in bytes.
const maxCredentials = 1 << 20

// Read returns the JSON of a credential: what is written, or the content of the file that it
// names.
func Read(written string) ([]byte, error) {
	if strings.HasPrefix(strings.TrimSpace(written), "{") {
		return []byte(written), nil
	}
	return safefile.Read(written, maxCredentials)
}

// ProjectOf returns the project that a credential names; empty when it names none.
func ProjectOf(text []byte) string {
	var c struct {
		Project string `json:"project_id"`
		Quota   string `json:"quota_project_id"`
	}
	_ = json.Unmarshal(text, &c) // New's Tokens say what is wrong with it
	if c.Project != "" {
		return c.Project
	}
	return c.Quota
}

// explain returns the error of a token service in words for people.
func explain(err error) error {
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		return &renewal.Error{Text: "Google's token service cannot be reached", Err: withoutSecrets(err), IsTemporary: true}
	}
	status := 0
	if refused.Response != nil {
		status = refused.Response.StatusCode
	}
	var words struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}
	_ = json.Unmarshal(refused.Body, &words) // another body has no words that can be shown
	text := "Google's token service gives no token"
	if strings.Contains(words.Description, "reasonable timeframe") {
		text = "this machine's clock is wrong: set it by NTP; Google's token service gives no token"
	} else if words.Code == "invalid_grant" {
		text += " (the credentials have expired or were revoked: type gcloud auth application-default login, " +
			"or make a new key)"
	}
	return &renewal.Error{Text: text, Err: errors.New(strings.Trim(words.Code+": "+words.Description, ": ")),
		IsTemporary: status >= http.StatusInternalServerError || status == http.StatusTooManyRequests}
}

// withoutSecrets returns an error whose text has no address and no more than 200 bytes: the
// library's texts may have a token's request in them.
func withoutSecrets(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err
	}
	const limit = 200
	text := err.Error()
	return errors.New(strings.ToValidUTF8(text[:min(len(text), limit)], ""))
}

// BaseURL returns the address of Vertex AI in a location: a region, a geography such as eu,
// or global. It returns false for a text that is not a location.
func BaseURL(location string) (string, bool) {
	switch {
	case !isLocation(location):
		return "", false
	case location == "global":
		return "https://aiplatform.googleapis.com", true
	case !strings.Contains(location, "-"):
		return "https://aiplatform." + location + ".rep.googleapis.com", true
	}
	return "https://" + location + "-aiplatform.googleapis.com", true
}

// isLocation reports whether a text may be a part of a host's name.
func isLocation(text string) bool {
	matched, err := regexp.MatchString(`^[a-z][a-z0-9-]*$`, text)
	return matched && err == nil
}
