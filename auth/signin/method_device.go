package signin

import (
	"cmp"
	"context"
	"errors"
	"time"

	"golang.org/x/oauth2"

	"github.com/flowgate-go/flowgate/auth/draft"
	"github.com/flowgate-go/flowgate/auth/signin/oauth"
	"github.com/flowgate-go/flowgate/auth/signin/retry"
	"github.com/flowgate-go/flowgate/auth/signin/session"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// runDevice signs in with a code that the user enters on any machine (RFC 8628).
// x/oauth2 obeys the server's interval and slow_down. Requests whose answers were lost
// are sent again until the code expires or the time limit is reached.
func runDevice(ctx context.Context, s *session.Session) ([]draft.Draft, error) {
	client := newOAuthClient(s)
	conf, err := client.Config("")
	if err != nil {
		return nil, err
	}
	var deviceParams, tokenParams []oauth2.AuthCodeOption
	if s.Provider.Settings.DevicePKCE {
		verifier := oauth2.GenerateVerifier()
		deviceParams = append(deviceParams, oauth2.S256ChallengeOption(verifier))
		tokenParams = append(tokenParams, oauth2.VerifierOption(verifier))
	}
	device, err := conf.DeviceAuth(client.RetryContext(ctx, retry.MinPause, retry.StartTries), deviceParams...)
	if err != nil {
		return nil, oauth.Refusal(s.Provider.Name, err)
	}
	showUserCode(s, cmp.Or(device.VerificationURIComplete, device.VerificationURI), device.UserCode)
	pause := max(retry.MinPause, min(time.Duration(device.Interval)*time.Second, retry.MaxPause))
	token, err := conf.DeviceAccessToken(client.RetryContext(ctx, pause, 0), device, tokenParams...)
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil, addLostReason(s, fault.New("login-expired", "the code was not entered before it expired").
			WithHint("run it again for a new code"))
	}
	if err != nil {
		return nil, oauth.Refusal(s.Provider.Name, err)
	}
	return []draft.Draft{{Fields: client.TokenFields(token)}}, nil
}

// deviceNotReady returns which settings are missing; "" if none are.
func deviceNotReady(s *session.Session) string {
	set := s.Provider.Settings
	if set.DeviceURL == "" || set.TokenURL == "" || set.ClientID == "" {
		return "device_url, token_url and client_id are not all set"
	}
	return ""
}
