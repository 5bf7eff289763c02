package auth

import (
	"bytes"
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

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/keyfile"
)

// pollReply is what both endpoints of oauth_poll answer with. Servers of
// different ages use different names for the address and the code.
type pollReply struct {
	URL      string  `json:"url"`
	AuthURL  string  `json:"auth_url"`
	LoginURL string  `json:"login_url"`
	Verify   string  `json:"verification_uri"`
	State    string  `json:"state"`
	Code     string  `json:"user_code"`
	Status   string  `json:"status"`
	Error    string  `json:"error"`
	Interval float64 `json:"interval"` // seconds between two questions
}

// address is what the person has to open.
func (r pollReply) address() string {
	return strings.TrimSpace(firstOf(r.AuthURL, r.URL, r.LoginURL, r.Verify))
}

// pause is the time between two questions that the server asks for; 0 when it
// does not say.
func (r pollReply) pause() time.Duration {
	return time.Duration(max(0, min(r.Interval, maxPollPause.Seconds())) * float64(time.Second))
}

// The words that a status endpoint ends a sign-in with, those of the first
// FlowGate included. Every other word means that it goes on.
func isPollSuccess(status string) bool {
	return slices.Contains([]string{"ok", "success", "completed", "complete", "done", "authorized"}, status)
}

func isPollFailure(status string) bool {
	return slices.Contains([]string{"error", "failed", "denied", "expired", "cancelled", "canceled"}, status)
}

// runPoll is the pair of endpoints of old configurations: one gives an address
// to open, the other is asked with its state until the sign-in has ended.
// Whoever serves them catches the browser and writes the credential.
func runPoll(ctx context.Context, s *signIn) ([]draft, error) {
	set := s.provider.Settings
	key, err := s.pollKey()
	if err != nil {
		return nil, err
	}
	if _, err := s.pollURL(set.StatusEndpoint); err != nil { // before a person is sent anywhere
		return nil, err
	}
	start, err := s.pollStart(ctx, key)
	if err != nil {
		return nil, err
	}
	at, err := url.Parse(start.address())
	if err != nil || start.address() == "" {
		return nil, fault.New("login-failed", "%s gave no address to open", withoutSecrets(set.AuthURLEndpoint)).WithHint("is auth_url_endpoint right?")
	}
	s.say("Open this address and sign in to %s:\n\n  %s\n", s.provider.Name, harmless(start.address()))
	if start.Code != "" {
		s.say("The code is %s", harmless(start.Code))
	}
	return nil, s.pollStatus(ctx, key, lo.CoalesceOrEmpty(start.State, at.Query().Get("state")), start.pause())
}

// pollStart asks for the address, a few times when the answer is lost.
func (s *signIn) pollStart(ctx context.Context, key string) (start pollReply, err error) {
	pause, left := pollPause, startTries
	err = s.poll(ctx, &pause, func() (bool, error) {
		left--
		endpoint := s.provider.Settings.AuthURLEndpoint
		start, err = s.pollGet(ctx, endpoint, key, nil)
		if lost := (*transientError)(nil); left == 0 && errors.As(err, &lost) {
			if lost.odd {
				return false, unexpected(err)
			}
			return false, network(withoutSecrets(endpoint), lost.err)
		}
		return err == nil, err
	})
	return start, err
}

// pollStatus asks how the sign-in stands until it has ended; the file decides
// whether it worked.
func (s *signIn) pollStatus(ctx context.Context, key, state string, pause time.Duration) error {
	pause = max(pause, pollPause)
	return s.poll(ctx, &pause, func() (bool, error) {
		query := url.Values{}
		if state != "" {
			query.Set("state", state)
		}
		p, err := s.pollGet(ctx, s.provider.Settings.StatusEndpoint, key, query)
		if err != nil {
			return false, err
		}
		pause = max(pause, p.pause())
		status := strings.ToLower(strings.TrimSpace(p.Status))
		switch {
		case status == "slow_down" || p.Error == "slow_down":
			pause = min(pause+slowDown, 2*maxPollPause)
		case isPollSuccess(status):
			return true, nil
		case isPollFailure(status):
			return false, fault.New("login-failed", "the sign-in to %s ended with %s: %s", s.provider.Name, shown(status), shown(lo.CoalesceOrEmpty(p.Error, status))).
				WithHint("run it again")
		}
		return false, nil
	})
}

// pollGet asks one of the endpoints. A lost answer is a transient error; a
// refused key ends the sign-in: it is not tried again.
func (s *signIn) pollGet(ctx context.Context, endpoint, key string, query url.Values) (pollReply, error) {
	var reply pollReply
	ctx, cancel := context.WithTimeout(ctx, oneTry)
	defer cancel()
	at, err := s.pollURL(endpoint)
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
		return reply, fmt.Errorf("ask %s: %w", withoutSecrets(endpoint), err)
	}
	header := lo.CoalesceOrEmpty(s.provider.Settings.KeyHeader, "Authorization")
	if key != "" {
		req.Header.Set(header, lo.Ternary(strings.EqualFold(header, "Authorization"), "Bearer "+key, key))
	}
	res, err := providerClient().Do(req)
	if err != nil {
		return reply, lostAnswer(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxFile))
	if err != nil {
		return reply, lostAnswer(err)
	}
	return s.readPoll(withoutSecrets(endpoint), res, body)
}

// readPoll reads what an endpoint answered.
func (s *signIn) readPoll(endpoint string, res *http.Response, body []byte) (pollReply, error) {
	var reply pollReply
	code := gjson.GetBytes(body, "error").Str
	switch {
	case res.StatusCode >= 400 && gjson.ValidBytes(body) && (code == "slow_down" || code == "authorization_pending"):
		return pollReply{Status: code}, nil // as in RFC 8628
	case isTransientStatus(res.StatusCode):
		return reply, &transientError{err: fmt.Errorf("%s answered %s", endpoint, res.Status), after: readRetryAfter(res.Header, time.Now())}
	case res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden:
		return reply, fault.New("management-key-refused", "%s refused the key (%d); it was tried once and not again", endpoint, res.StatusCode).
			WithHint("key_file, key_env and key_header of auth.providers.%s say which is sent and how", s.provider.Name)
	case res.StatusCode == http.StatusOK && isCutShort(body):
		return reply, &transientError{err: fmt.Errorf("%s: the answer was cut short", endpoint)}
	}
	err := json.Unmarshal(body, &reply)
	if res.StatusCode < 400 && (res.StatusCode >= 300 || err != nil && !gjson.ValidBytes(body)) {
		return reply, foreignAnswer(endpoint, res)
	}
	if odd := (*json.UnmarshalTypeError)(nil); errors.As(err, &odd) && odd.Field != "" {
		err = nil // a member of another type than known counts as absent
	}
	if res.StatusCode != http.StatusOK || err != nil {
		return reply, fault.New("login-failed", "%s answered %d, and not as expected", endpoint, res.StatusCode).WithHint("is the endpoint right, and the server up?")
	}
	return reply, nil
}

// isCutShort reports whether body is JSON whose end is missing, as a connection
// leaves it that broke before the last byte.
func isCutShort(body []byte) bool {
	var value json.RawMessage
	err := json.NewDecoder(bytes.NewReader(body)).Decode(&value)
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// pollURL is an endpoint's address, counted from base_url. Fault:
// provider-invalid, also for one that would send a key in the clear.
func (s *signIn) pollURL(endpoint string) (*url.URL, error) {
	base := s.provider.Settings.BaseURL
	if svc, ok := s.cfg.Service(config.CLIProxy); ok && base == "" {
		base = svc.URL()
	}
	at, err := url.Parse(endpoint)
	if err == nil && !at.IsAbs() {
		at, err = url.Parse(strings.TrimRight(base, "/") + "/" + strings.TrimLeft(endpoint, "/"))
	}
	if err != nil {
		return nil, fault.Usage("provider-invalid", "auth.providers.%s: an endpoint is not an address", s.provider.Name).WithHint("a path such as /v0/management/codex-auth-url, or a whole address")
	}
	return at, secure(s.provider.Name, at.String())
}

// pollKey is the key that the endpoints want; FlowGate's management key when
// nothing else is said, none when there is none.
func (s *signIn) pollKey() (string, error) {
	set := s.provider.Settings
	if set.KeyEnv != "" {
		if key := s.env.Getenv(set.KeyEnv); key != "" {
			return key, nil
		}
		return "", fault.Usage("credential-missing", "%s, which auth.providers.%s.key_env names, is not set", set.KeyEnv, s.provider.Name).WithHint("export it")
	}
	file := set.KeyFile
	if file == "" {
		file = filepath.Join(s.cfg.Paths.Secrets(), "management.key")
	} else if !filepath.IsAbs(file) {
		file = filepath.Join(s.cfg.Dir, file)
	}
	key, _, err := keyfile.Read(file)
	if err != nil && set.KeyFile != "" {
		return "", fault.Usage("credential-missing", "auth.providers.%s.key_file %s: %s", s.provider.Name, file, reason(err)).WithHint("one line, mode 0600")
	}
	return key, nil
}

func readyPoll(s *signIn) string {
	if s.provider.Settings.AuthURLEndpoint == "" || s.provider.Settings.StatusEndpoint == "" {
		return "auth_url_endpoint and status_endpoint are not both set"
	}
	if s.provider.Settings.BaseURL == "" && strings.HasPrefix(s.provider.Settings.AuthURLEndpoint, "/") {
		return readyServer(s)
	}
	return ""
}
