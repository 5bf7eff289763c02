package auth

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/keyfile"
)

// pollReply is what both endpoints of oauth_poll answer with.
type pollReply struct {
	URL    string `json:"url"`
	State  string `json:"state"`
	Code   string `json:"user_code"`
	Status string `json:"status"`
	Error  string `json:"error"`
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
	start, err := s.pollGet(ctx, set.AuthURLEndpoint, key, nil)
	if err != nil {
		return nil, err
	}
	at, err := url.Parse(start.URL)
	if err != nil || start.URL == "" {
		return nil, fault.New("login-failed", "%s gave no address to open", set.AuthURLEndpoint).WithHint("is auth_url_endpoint right?")
	}
	state := lo.CoalesceOrEmpty(start.State, at.Query().Get("state"))
	s.say("Open this address and sign in to %s:\n\n  %s\n", s.provider.Name, start.URL)
	if start.Code != "" {
		s.say("The code is %s", start.Code)
	}
	for {
		p, err := s.pollGet(ctx, set.StatusEndpoint, key, url.Values{"state": {state}})
		if err != nil {
			return nil, err
		}
		switch p.Status {
		case "ok", "success", "completed", "done":
			return nil, nil // the file decides
		case "error", "failed", "denied", "expired":
			return nil, fault.New("login-failed", "the sign-in to %s failed: %s", s.provider.Name, shown(lo.CoalesceOrEmpty(p.Error, p.Status))).WithHint("run it again")
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pollPause):
		}
	}
}

// pollGet asks one of the endpoints. A refused key ends it: it is not tried again.
func (s *signIn) pollGet(ctx context.Context, endpoint, key string, query url.Values) (pollReply, error) {
	var reply pollReply
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
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
		return reply, fmt.Errorf("ask %s: %w", endpoint, err)
	}
	header := lo.CoalesceOrEmpty(s.provider.Settings.KeyHeader, "Authorization")
	if key != "" {
		req.Header.Set(header, lo.Ternary(strings.EqualFold(header, "Authorization"), "Bearer "+key, key))
	}
	res, err := providerClient().Do(req)
	if err != nil {
		return reply, network(endpoint, err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxFile))
	switch {
	case err != nil:
		return reply, network(endpoint, err)
	case res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden:
		return reply, fault.New("management-key-refused", "%s refused the key (%d); it was tried once and not again", endpoint, res.StatusCode).
			WithHint("key_file, key_env and key_header of auth.providers.%s say which is sent and how", s.provider.Name)
	case res.StatusCode != http.StatusOK || json.Unmarshal(body, &reply) != nil:
		return reply, fault.New("login-failed", "%s answered %d, and not as expected", endpoint, res.StatusCode).WithHint("is the endpoint right, and the server up?")
	}
	return reply, nil
}

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
		return nil, fault.Usage("provider-invalid", "auth.providers.%s: the endpoint %q is no address", s.provider.Name, endpoint).WithHint("a path such as /v0/management/codex-auth-url, or a whole address")
	}
	return at, nil
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
