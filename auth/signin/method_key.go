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

// runKey reads an API key. Fault: credential-input.
func runKey(ctx context.Context, s *session.Session) ([]draft.Draft, error) {
	key, err := readSecret(ctx, s, "API key of "+s.Provider.Name)
	if err != nil {
		return nil, err
	}
	if strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r == 0x7f || r > 0x7e }) || len(key) < 8 {
		return nil, fault.Usage("credential-input",
			"the input is not an API key: it has white space or characters that keys do not have, or fewer than 8 characters").
			WithHint("give one line with the key only")
	}
	return []draft.Draft{{APIKey: key}}, nil
}

// readSecret reads a secret from the file, stdin, the variable or the prompt that the
// options name; what describes it in messages. Fault: credential-input.
func readSecret(ctx context.Context, s *session.Session, what string) (string, error) {
	switch {
	case s.Options.File != "":
		key, _, err := keyfile.Read(s.Options.File)
		if err != nil {
			return "", fault.Usage("credential-input", "read %s: %s", s.Options.File, safefile.Reason(err)).
				WithHint("the file must have one line")
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
				name = redact.Value(name) // the user typed the key in place of the variable's name
			}
			return "", fault.Usage("credential-input", "the variable %s is not set", name).
				WithHint("export it, or use -stdin or -file=F")
		}
	}
	if s.Options.Terminal.Secret == nil {
		return "", fault.Usage("credential-input", "without a terminal the %s cannot be typed", what).
			WithHint("use -stdin, -env=NAME or -file=F")
	}
	value, err := s.Options.Terminal.Secret(what + ": ")
	if err != nil || strings.TrimSpace(value) == "" {
		return "", fault.Usage("credential-input", "nothing was typed").WithHint("or use -stdin, -env=NAME or -file=F")
	}
	return strings.TrimSpace(value), nil
}

// runToken reads a token that the user has already: a service account, a credential
// file of CLIProxyAPI, or the token alone.
func runToken(ctx context.Context, s *session.Session) ([]draft.Draft, error) {
	drafts, err := readToken(ctx, s)
	for i := range drafts {
		drafts[i].Static = true
	}
	return drafts, err
}

// readToken reads the token from the file that the options or the settings name, else
// as readSecret does.
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
	data = credential.TrimByteOrderMark(data)
	doc, err := credential.ReadObject(data)
	switch {
	case errors.Is(err, credential.ErrTooDeep):
		return nil, credential.Invalid(file, err)
	case err != nil: // the token alone
		s.Options.File = file
		token, err := readSecret(ctx, s, "token of "+s.Provider.Name)
		return []draft.Draft{{Fields: map[string]any{"access_token": token, "token_type": "bearer"}, Label: "token"}}, err
	case credential.FirstText(doc.Get("private_key")) != "" && credential.FirstText(doc.Get("client_email")) != "":
		account := map[string]any{}
		if err := json.Unmarshal(data, &account); err != nil {
			return nil, credential.Invalid(file, credential.ErrNotJSON)
		}
		return []draft.Draft{{Fields: map[string]any{
			"service_account": account,
			"project_id":      credential.FirstText(doc.Get("project_id")),
			"email":           credential.FirstText(doc.Get("client_email")),
		}}}, nil
	}
	return source.ParseCredential(&s.Provider, data, file)
}
