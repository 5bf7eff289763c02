package auth

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/keyfile"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// runKey keeps an API key under .router/secrets, one line, 0600.
func runKey(ctx context.Context, s *signIn) ([]draft, error) {
	key, err := s.secret(ctx, "API key of "+s.provider.Name)
	if err != nil {
		return nil, err
	}
	if strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r == 0x7f || r > 0x7e }) || len(key) < 8 {
		return nil, fault.Usage("credential-input", "what was given is no API key: it has white space or other signs in it, or is shorter than 8").WithHint("one line, nothing but the key")
	}
	return []draft{{key: key}}, nil
}

// secret takes a secret from where the options say, never from an argument.
func (s *signIn) secret(ctx context.Context, what string) (string, error) {
	switch {
	case s.o.File != "":
		key, _, err := keyfile.Read(s.o.File)
		if err != nil {
			return "", fault.Usage("credential-input", "read %s: %s", s.o.File, reason(err)).WithHint("a file of one line")
		}
		return key, nil
	case s.o.Stdin:
		return s.readLine(ctx)
	}
	if name := lo.CoalesceOrEmpty(s.o.Env, s.provider.Settings.APIKeyEnv); name != "" {
		if value := strings.TrimSpace(s.env.Getenv(name)); value != "" {
			return value, nil
		}
		if s.o.Env != "" {
			if redact.LooksRandom(name) {
				name = redact.Value(name) // the key itself, given where its variable's name belongs
			}
			return "", fault.Usage("credential-input", "the variable %s is not set", name).WithHint("export it, or use -stdin or -file=F")
		}
	}
	if s.o.Person.Secret == nil {
		return "", fault.Usage("credential-input", "there is no terminal to ask for the %s", what).WithHint("-stdin, -env=NAME or -file=F give it")
	}
	value, err := s.o.Person.Secret(what + ": ")
	if err != nil || strings.TrimSpace(value) == "" {
		return "", fault.Usage("credential-input", "nothing was typed").WithHint("-stdin, -env=NAME or -file=F give it otherwise")
	}
	return strings.TrimSpace(value), nil
}

// runToken keeps a token that somebody has already: a service account, a file
// that CLIProxyAPI made, or a bare token.
func runToken(ctx context.Context, s *signIn) ([]draft, error) {
	drafts, err := s.readToken(ctx)
	for i := range drafts {
		drafts[i].static = true
	}
	return drafts, err
}

func (s *signIn) readToken(ctx context.Context) ([]draft, error) {
	file := lo.CoalesceOrEmpty(s.o.File, s.provider.Settings.TokenFile)
	if file == "" {
		token, err := s.secret(ctx, "token of "+s.provider.Name)
		return []draft{{fields: map[string]any{"access_token": token, "token_type": "bearer"}, label: "token"}}, err
	}
	if !filepath.IsAbs(file) && s.o.File == "" {
		file = filepath.Join(s.cfg.Dir, file)
	}
	data, err := readSource(file)
	if err != nil {
		return nil, err
	}
	doc, err := readObject(data)
	switch {
	case errors.Is(err, errTooDeep):
		return nil, invalid(file, err)
	case err != nil: // a bare token
		s.o.File = file
		token, err := s.secret(ctx, "token of "+s.provider.Name)
		return []draft{{fields: map[string]any{"access_token": token, "token_type": "bearer"}, label: "token"}}, err
	case text(doc.Get("private_key")) != "" && text(doc.Get("client_email")) != "":
		account := map[string]any{}
		if err := json.Unmarshal(data, &account); err != nil {
			return nil, invalid(file, errNotJSON)
		}
		return []draft{{fields: map[string]any{"service_account": account, "project_id": text(doc.Get("project_id")), "email": text(doc.Get("client_email"))}}}, nil
	}
	return intake{cfg: s.cfg, provider: &s.provider}.native(data, file)
}
