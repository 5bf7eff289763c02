package auth

import (
	"context"

	"github.com/samber/lo"
	"golang.org/x/oauth2"
)

// runPKCE signs in at the provider itself: authorization code with PKCE and
// state (RFC 6749, 7636, 8252), the browser coming back to loopback, or its
// last address pasted.
func runPKCE(ctx context.Context, s *signIn) ([]draft, error) {
	redirect := lo.CoalesceOrEmpty(s.provider.Settings.RedirectURL, "http://127.0.0.1/callback")
	var page *callback
	if !s.o.Paste {
		var err error
		if page, err = listen(redirect); err != nil {
			return nil, err
		}
		defer page.close()
		redirect = page.redirect
	}
	conf, err := s.oauth(redirect)
	if err != nil {
		return nil, err
	}
	verifier, state := oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	if page != nil {
		page.expect(state)
	}
	params := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier)}
	for name, value := range s.provider.Settings.AuthParams {
		params = append(params, oauth2.SetAuthURLParam(name, value))
	}
	s.say("Open this address in a browser and sign in to %s:\n\n  %s\n", s.provider.Name, conf.AuthCodeURL(state, params...))
	q, err := s.answer(ctx, page, state)
	if err != nil {
		return nil, err
	}
	exchange := []oauth2.AuthCodeOption{oauth2.VerifierOption(verifier)}
	if s.provider.Settings.TokenEncoding == "json" { // Anthropic's endpoint wants the state again
		exchange = append(exchange, oauth2.SetAuthURLParam("state", state))
	}
	token, err := conf.Exchange(s.withRetries(ctx, pollPause, startTries), q.Get("code"), exchange...)
	if err != nil {
		return nil, refusal(s.provider.Name, err)
	}
	return []draft{{fields: s.tokenFields(token)}}, nil
}

func readyPKCE(s *signIn) string {
	set := s.provider.Settings
	if set.AuthURL == "" || set.TokenURL == "" || set.ClientID == "" {
		return "auth_url, token_url and client_id are not all set"
	}
	return ""
}
