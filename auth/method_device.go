package auth

import (
	"context"
	"errors"
	"time"

	"golang.org/x/oauth2"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// runDevice signs in with a code that is typed on any other machine (RFC 8628).
// x/oauth2 keeps the server's interval and slows down when told to; lost answers
// are asked for again until the code or the time limit ends.
func runDevice(ctx context.Context, s *signIn) ([]draft, error) {
	conf, err := s.oauth("")
	if err != nil {
		return nil, err
	}
	var ask, claim []oauth2.AuthCodeOption
	if s.provider.Settings.DevicePKCE {
		verifier := oauth2.GenerateVerifier()
		ask, claim = append(ask, oauth2.S256ChallengeOption(verifier)), append(claim, oauth2.VerifierOption(verifier))
	}
	device, err := conf.DeviceAuth(s.withRetries(ctx, pollPause, startTries), ask...)
	if err != nil {
		return nil, refusal(s.provider.Name, err)
	}
	s.showCode(firstOf(device.VerificationURIComplete, device.VerificationURI), device.UserCode)
	pause := max(pollPause, min(time.Duration(device.Interval)*time.Second, maxPollPause))
	token, err := conf.DeviceAccessToken(s.withRetries(ctx, pause, 0), device, claim...)
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil, s.withLost(fault.New("login-expired", "the code was not typed before it expired").WithHint("run it again for a new code"))
	}
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
