package signin

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/auth/draft"
	"github.com/flowgate-go/flowgate/auth/signin/session"
	"github.com/flowgate-go/flowgate/auth/source"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/keyfile"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// runKey keeps an API key under .router/secrets, one line, 0600.
func runKey(ctx context.Context, s *session.Session) ([]draft.Draft, error) {
	key, err := readSecret(ctx, s, "API key of "+s.Provider.Name)
	if err != nil {
		return nil, err
	}
	if strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r == 0x7f || r > 0x7e }) || len(key) < 8 {
		return nil, fault.Usage("credential-input", "what was given is no API key: it has white space or other signs in it, or is shorter than 8").WithHint("one line, nothing but the key")
	}
	return []draft.Draft{{APIKey: key}}, nil
}

// readSecret takes a secret from where the options say, never from an argument.
func readSecret(ctx context.Context, s *session.Session, what string) (string, error) {
	switch {
	case s.Options.File != "":
		key, _, err := keyfile.Read(s.Options.File)
		if err != nil {
			return "", fault.Usage("credential-input", "read %s: %s", s.Options.File, safefile.Reason(err)).WithHint("a file of one line")
		}
		return key, nil
	case s.Options.Stdin:
		return s.ReadLine(ctx)
	}
	if name := lo.CoalesceOrEmpty(s.Options.Env, s.Provider.Settings.APIKeyEnv); name != "" {
		if value := strings.TrimSpace(s.Env.Getenv(name)); value != "" {
			return value, nil
		}
		if s.Options.Env != "" {
			if redact.LooksRandom(name) {
				name = redact.Value(name) // the key itself, given where its variable's name belongs
			}
			return "", fault.Usage("credential-input", "the variable %s is not set", name).WithHint("export it, or use -stdin or -file=F")
		}
	}
	if s.Options.Terminal.Secret == nil {
		return "", fault.Usage("credential-input", "there is no terminal to ask for the %s", what).WithHint("-stdin, -env=NAME or -file=F give it")
	}
	value, err := s.Options.Terminal.Secret(what + ": ")
	if err != nil || strings.TrimSpace(value) == "" {
		return "", fault.Usage("credential-input", "nothing was typed").WithHint("-stdin, -env=NAME or -file=F give it otherwise")
	}
	return strings.TrimSpace(value), nil
}

// runToken keeps a token that somebody has already: a service account, a file
// that CLIProxyAPI made, or a bare token.
func runToken(ctx context.Context, s *session.Session) ([]draft.Draft, error) {
	drafts, err := readToken(ctx, s)
	for i := range drafts {
		drafts[i].Static = true
	}
	return drafts, err
}

func readToken(ctx context.Context, s *session.Session) ([]draft.Draft, error) {
	file := lo.CoalesceOrEmpty(s.Options.File, s.Provider.Settings.TokenFile)
	if file == "" {
		token, err := readSecret(ctx, s, "token of "+s.Provider.Name)
		return []draft.Draft{{Fields: map[string]any{"access_token": token, "token_type": "bearer"}, Label: "token"}}, err
	}
	if !filepath.IsAbs(file) && s.Options.File == "" {
		file = filepath.Join(s.Config.Dir, file)
	}
	data, err := credential.ReadFile(file)
	if err != nil {
		return nil, err
	}
	doc, err := credential.ReadObject(data)
	switch {
	case errors.Is(err, credential.ErrTooDeep):
		return nil, credential.Invalid(file, err)
	case err != nil: // a bare token
		s.Options.File = file
		token, err := readSecret(ctx, s, "token of "+s.Provider.Name)
		return []draft.Draft{{Fields: map[string]any{"access_token": token, "token_type": "bearer"}, Label: "token"}}, err
	case credential.FirstText(doc.Get("private_key")) != "" && credential.FirstText(doc.Get("client_email")) != "":
		account := map[string]any{}
		if err := json.Unmarshal(data, &account); err != nil {
			return nil, credential.Invalid(file, credential.ErrNotJSON)
		}
		return []draft.Draft{{Fields: map[string]any{"service_account": account, "project_id": credential.FirstText(doc.Get("project_id")), "email": credential.FirstText(doc.Get("client_email"))}}}, nil
	}
	return source.ParseCredential(&s.Provider, data, file)
}
