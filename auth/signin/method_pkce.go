package signin

import (
	"context"

	"github.com/samber/lo"
	"golang.org/x/oauth2"

	"github.com/flowgate-go/flowgate/auth/draft"
	"github.com/flowgate-go/flowgate/auth/signin/callback"
	"github.com/flowgate-go/flowgate/auth/signin/oauth"
	"github.com/flowgate-go/flowgate/auth/signin/retry"
	"github.com/flowgate-go/flowgate/auth/signin/session"
)

// runPKCE signs in at the provider itself: authorization code with PKCE and state
// (RFC 6749, 7636, 8252). The browser is redirected to loopback, or the user pastes
// its last address.
func runPKCE(ctx context.Context, s *session.Session) ([]draft.Draft, error) {
	redirect := lo.CoalesceOrEmpty(s.Provider.Settings.RedirectURL, "http://127.0.0.1/callback")
	var page *callback.Page
	if !s.Options.Paste {
		var err error
		if page, err = callback.Listen(redirect); err != nil {
			return nil, err
		}
		defer page.Close()
		redirect = page.Redirect
	}
	client := newOAuthClient(s)
	conf, err := client.Config(redirect)
	if err != nil {
		return nil, err
	}
	verifier, state := oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	if page != nil {
		page.Expect(state)
	}
	params := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier)}
	for name, value := range s.Provider.Settings.AuthParams {
		params = append(params, oauth2.SetAuthURLParam(name, value))
	}
	s.Say("Open this address in a browser and sign in to %s:\n\n  %s\n", s.Provider.Name,
		conf.AuthCodeURL(state, params...))
	q, err := callback.Await(ctx, s, page, state)
	if err != nil {
		return nil, err
	}
	exchange := []oauth2.AuthCodeOption{oauth2.VerifierOption(verifier)}
	if s.Provider.Settings.TokenEncoding == "json" { // Anthropic's endpoint requires the state again
		exchange = append(exchange, oauth2.SetAuthURLParam("state", state))
	}
	token, err := conf.Exchange(client.RetryContext(ctx, retry.MinPause, retry.StartTries), q.Get("code"), exchange...)
	if err != nil {
		return nil, oauth.Refusal(s.Provider.Name, err)
	}
	return []draft.Draft{{Fields: client.TokenFields(token)}}, nil
}

// pkceNotReady returns which settings are missing; "" if none are.
func pkceNotReady(s *session.Session) string {
	set := s.Provider.Settings
	if set.AuthURL == "" || set.TokenURL == "" || set.ClientID == "" {
		return "auth_url, token_url and client_id are not all set"
	}
	return ""
}
