package auth

import (
	"context"

	"golang.org/x/oauth2"
)

// runDevice signs in with a code that is typed on any other machine (RFC 8628).
// x/oauth2 keeps the server's interval and slows down when told to.
func runDevice(ctx context.Context, s *signIn) ([]draft, error) {
	conf, err := s.oauth("")
	if err != nil {
		return nil, err
	}
	ctx = s.withClient(ctx)
	var ask, claim []oauth2.AuthCodeOption
	if s.provider.Settings.DevicePKCE {
		verifier := oauth2.GenerateVerifier()
		ask, claim = append(ask, oauth2.S256ChallengeOption(verifier)), append(claim, oauth2.VerifierOption(verifier))
	}
	device, err := conf.DeviceAuth(ctx, ask...)
	if err != nil {
		return nil, refusal(s.provider.Name, err)
	}
	s.showCode(firstOf(device.VerificationURIComplete, device.VerificationURI), device.UserCode)
	token, err := conf.DeviceAccessToken(ctx, device, claim...)
	if err != nil {
		return nil, refusal(s.provider.Name, err)
	}
	return []draft{{fields: s.tokenFields(token)}}, nil
}

func readyDevice(s *signIn) string {
	set := s.provider.Settings
	if set.DeviceURL == "" || set.TokenURL == "" || set.ClientID == "" {
		return "device_url, token_url and client_id are not all set"
	}
	return ""
}
