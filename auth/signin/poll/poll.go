// Package poll signs in through the pair of endpoints of old configurations
// (oauth_poll): one returns an address to open, the other the status of the sign-in.
package poll

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/samber/lo"
	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/auth/draft"
	"github.com/flowgate-go/flowgate/auth/management"
	"github.com/flowgate-go/flowgate/auth/signin/retry"
	"github.com/flowgate-go/flowgate/auth/signin/session"
	"github.com/flowgate-go/flowgate/internal/cliproxy"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/keyfile"
	"github.com/flowgate-go/flowgate/internal/printable"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// endpointReply is the reply of each endpoint. Older and newer servers use different
// names for the address and the code.
type endpointReply struct {
	URL      string  `json:"url"`
	AuthURL  string  `json:"auth_url"`
	LoginURL string  `json:"login_url"`
	Verify   string  `json:"verification_uri"`
	State    string  `json:"state"`
	Code     string  `json:"user_code"`
	Status   string  `json:"status"`
	Error    string  `json:"error"`
	Interval float64 `json:"interval"` // seconds between two requests
}

// address returns the address that the user has to open.
func (r endpointReply) address() string {
	return strings.TrimSpace(cmp.Or(r.AuthURL, r.URL, r.LoginURL, r.Verify))
}

// pause returns the time between two requests that the server asks for; 0 if it asks for none.
func (r endpointReply) pause() time.Duration {
	return time.Duration(max(0, min(r.Interval, retry.MaxPause.Seconds())) * float64(time.Second))
}

// isSuccess reports whether a status means that the sign-in has succeeded, in the
// words of today's servers and of the first FlowGate. A status that is neither success
// nor failure means that it continues.
func isSuccess(status string) bool {
	return slices.Contains([]string{"ok", "success", "completed", "complete", "done", "authorized"}, status)
}

// isFailure reports whether a status means that the sign-in has failed.
func isFailure(status string) bool {
	return slices.Contains([]string{"error", "failed", "denied", "expired", "cancelled", "canceled"}, status)
}

// Run gets the address from one endpoint, shows it, and requests the other with the
// sign-in's state until it has ended. The server of the endpoints receives the
// browser's answer and writes the credential.
func Run(ctx context.Context, s *session.Session) ([]draft.Draft, error) {
	set := s.Provider.Settings
	key, err := readKey(s)
	if err != nil {
		return nil, err
	}
	if _, err := resolveEndpoint(s, set.StatusEndpoint); err != nil { // before the user is told to open anything
		return nil, err
	}
	start, err := requestAddress(ctx, s, key)
	if err != nil {
		return nil, err
	}
	at, err := url.Parse(start.address())
	if err != nil || start.address() == "" {
		return nil, fault.New("login-failed", "%s returned no address to open", retry.HideQuery(set.AuthURLEndpoint)).
			WithHint("is auth_url_endpoint right?")
	}
	s.Say("Open this address and sign in to %s:\n\n  %s\n", s.Provider.Name, printable.EscapeLine(start.address()))
	if start.Code != "" {
		s.Say("The code is %s", printable.EscapeLine(start.Code))
	}
	return nil, awaitEnd(ctx, s, key, lo.CoalesceOrEmpty(start.State, at.Query().Get("state")), start.pause())
}

// requestAddress requests the address from auth_url_endpoint, at most retry.StartTries
// times.
func requestAddress(ctx context.Context, s *session.Session, key string) (start endpointReply, err error) {
	pause, left := retry.MinPause, retry.StartTries
	err = retry.Poll(ctx, s.Env.Wait, &pause, s.NoteLost, func() (bool, error) {
		left--
		endpoint := s.Provider.Settings.AuthURLEndpoint
		start, err = requestEndpoint(ctx, s, endpoint, key, nil)
		if lost := (*retry.TransientError)(nil); left == 0 && errors.As(err, &lost) {
			if lost.Foreign {
				return false, retry.UnexpectedAnswer(err)
			}
			return false, retry.Unreachable(retry.HideQuery(endpoint), lost.Err)
		}
		return err == nil, err
	})
	return start, err
}

// awaitEnd requests the status until the sign-in has ended. Only the credential file
// proves that it succeeded.
func awaitEnd(ctx context.Context, s *session.Session, key, state string, pause time.Duration) error {
	pause = max(pause, retry.MinPause)
	return retry.Poll(ctx, s.Env.Wait, &pause, s.NoteLost, func() (bool, error) {
		query := url.Values{}
		if state != "" {
			query.Set("state", state)
		}
		p, err := requestEndpoint(ctx, s, s.Provider.Settings.StatusEndpoint, key, query)
		if err != nil {
			return false, err
		}
		pause = max(pause, p.pause())
		status := strings.ToLower(strings.TrimSpace(p.Status))
		switch {
		case status == "slow_down" || p.Error == "slow_down":
			pause = min(pause+retry.SlowDown, 2*retry.MaxPause)
		case isSuccess(status):
			return true, nil
		case isFailure(status):
			return false, fault.New("login-failed", "the sign-in to %s ended with %s: %s", s.Provider.Name,
				printable.Excerpt(status), printable.Excerpt(lo.CoalesceOrEmpty(p.Error, status))).
				WithHint("run it again")
		}
		return false, nil
	})
}

// requestEndpoint requests one of the endpoints. A lost answer is a transient error; a
// refused key is not tried again.
func requestEndpoint(ctx context.Context, s *session.Session, endpoint, key string,
	query url.Values) (endpointReply, error) {
	var reply endpointReply
	ctx, cancel := context.WithTimeout(ctx, retry.TryTimeout)
	defer cancel()
	at, err := resolveEndpoint(s, endpoint)
	if err != nil {
		return reply, err
	}
	q := at.Query()
	for name := range query {
		q.Set(name, query.Get(name))
	}
	at.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return reply, fmt.Errorf("request %s: %w", retry.HideQuery(endpoint), err)
	}
	header := lo.CoalesceOrEmpty(s.Provider.Settings.KeyHeader, "Authorization")
	if key != "" {
		req.Header.Set(header, lo.Ternary(strings.EqualFold(header, "Authorization"), "Bearer "+key, key))
	}
	res, err := retry.NewClient().Do(req)
	if err != nil {
		return reply, retry.LostAnswer(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, credential.MaxSize))
	if err != nil {
		return reply, retry.LostAnswer(err)
	}
	return readReply(s, retry.HideQuery(endpoint), res, body)
}

// readReply reads the reply of an endpoint.
func readReply(s *session.Session, endpoint string, res *http.Response, body []byte) (endpointReply, error) {
	var reply endpointReply
	code := gjson.GetBytes(body, "error").Str
	switch {
	case res.StatusCode >= 400 && gjson.ValidBytes(body) && (code == "slow_down" || code == "authorization_pending"):
		return endpointReply{Status: code}, nil // as in RFC 8628
	case retry.IsTransientStatus(res.StatusCode):
		return reply, &retry.TransientError{Err: fmt.Errorf("%s answered %s", endpoint, res.Status),
			After: retry.ReadRetryAfter(res.Header, time.Now())}
	case res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden:
		return reply, fault.New("management-key-refused", "%s refused the key (%d); it was tried once and not again",
			endpoint, res.StatusCode).
			WithHint("key_file, key_env and key_header of auth.providers.%s set which key is sent and how", s.Provider.Name)
	case res.StatusCode == http.StatusOK && cliproxy.IsCutShort(body):
		return reply, &retry.TransientError{Err: fmt.Errorf("%s: the answer was cut short", endpoint)}
	}
	err := json.Unmarshal(body, &reply)
	if res.StatusCode < 400 && (res.StatusCode >= 300 || err != nil && !gjson.ValidBytes(body)) {
		return reply, retry.ForeignAnswer(endpoint, res)
	}
	if mismatch := (*json.UnmarshalTypeError)(nil); errors.As(err, &mismatch) && mismatch.Field != "" {
		err = nil // a member of another type than known counts as absent
	}
	if res.StatusCode != http.StatusOK || err != nil {
		return reply, fault.New("login-failed", "%s answered %d, which is not expected", endpoint, res.StatusCode).
			WithHint("is the endpoint right, and the server up?")
	}
	return reply, nil
}

// resolveEndpoint returns the address of an endpoint, which may be written relative to
// base_url. Fault: provider-invalid, also for an address to which a key would be sent
// unencrypted.
func resolveEndpoint(s *session.Session, endpoint string) (*url.URL, error) {
	base := s.Provider.Settings.BaseURL
	if svc, ok := s.Config.Service(config.CLIProxy); ok && base == "" {
		base = svc.URL()
	}
	at, err := url.Parse(endpoint)
	if err == nil && !at.IsAbs() {
		at, err = url.Parse(strings.TrimRight(base, "/") + "/" + strings.TrimLeft(endpoint, "/"))
	}
	if err != nil {
		return nil, fault.Usage("provider-invalid", "auth.providers.%s: an endpoint is not an address", s.Provider.Name).
			WithHint("write a path such as /v0/management/codex-auth-url, or a whole address")
	}
	return at, retry.CheckAddress(s.Provider.Name, at.String())
}

// readKey returns the key for the endpoints: that of key_env or key_file, else
// FlowGate's management key; "" if there is none. Fault: credential-missing.
func readKey(s *session.Session) (string, error) {
	set := s.Provider.Settings
	if set.KeyEnv != "" {
		if key := s.Env.Getenv(set.KeyEnv); key != "" {
			return key, nil
		}
		return "", fault.Usage("credential-missing", "%s, which auth.providers.%s.key_env names, is not set", set.KeyEnv,
			s.Provider.Name).WithHint("export it")
	}
	file := set.KeyFile
	if file == "" {
		file = filepath.Join(s.Config.Paths.Secrets(), "management.key")
	} else if !filepath.IsAbs(file) {
		file = filepath.Join(s.Config.Dir, file)
	}
	key, _, err := keyfile.Read(file)
	if err != nil && set.KeyFile != "" {
		return "", fault.Usage("credential-missing", "auth.providers.%s.key_file %s: %s", s.Provider.Name, file,
			safefile.Reason(err)).WithHint("the file must have one line and mode 0600")
	}
	return key, nil
}

// NotReady returns which settings are missing, or why CLIProxyAPI cannot be asked; "" if
// the method can be used.
func NotReady(s *session.Session) string {
	if s.Provider.Settings.AuthURLEndpoint == "" || s.Provider.Settings.StatusEndpoint == "" {
		return "auth_url_endpoint and status_endpoint are not both set"
	}
	if s.Provider.Settings.BaseURL == "" && strings.HasPrefix(s.Provider.Settings.AuthURLEndpoint, "/") {
		return management.NotReady(s.Config, s.Env)
	}
	return ""
}
