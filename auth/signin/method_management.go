package signin

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/auth/draft"
	"github.com/flowgate-go/flowgate/auth/management"
	"github.com/flowgate-go/flowgate/auth/signin/callback"
	"github.com/flowgate-go/flowgate/auth/signin/retry"
	"github.com/flowgate-go/flowgate/auth/signin/session"
	"github.com/flowgate-go/flowgate/internal/cliproxy"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/printable"
)

// runManagement lets CLIProxyAPI sign in: the server makes the address, exchanges the
// code and writes the credential; FlowGate shows the address and passes on the
// browser's answer.
func runManagement(ctx context.Context, s *session.Session) ([]draft.Draft, error) {
	srv, err := management.Open(s.Config, s.Env)
	if err != nil {
		return nil, err
	}
	var page *callback.Page
	if at := s.Provider.Settings.RedirectURL; at != "" && !s.Options.Paste {
		if page, err = callback.Listen(at); err != nil {
			return nil, err
		}
		defer page.Close()
	}
	query := s.Provider.Settings.Query
	if s.Options.Project != "" {
		query = lo.Assign(query, map[string]string{"project_id": s.Options.Project})
	}
	login, err := srv.Begin(ctx, loginName(s), query)
	if err != nil {
		return nil, explainRefusal(s, srv, err)
	}
	if at, err := url.Parse(login.URL); err == nil && login.State == "" {
		login.State = at.Query().Get("state")
	}
	if page != nil {
		page.Expect(login.State)
	}
	if err := guideSignIn(ctx, s, srv, login, page); err != nil {
		cancelAtServer(ctx, s, srv, login.State)
		return nil, err
	}
	return nil, nil
}

// loginName returns the provider's name in /v0/management/X-auth-url.
func loginName(s *session.Session) string {
	return lo.CoalesceOrEmpty(s.Provider.Settings.Login, s.Provider.Name)
}

// explainRefusal returns the fault for a sign-in that the server did not begin.
func explainRefusal(s *session.Session, srv *management.Server, err error) error {
	var reply *cliproxy.ReplyError
	switch {
	case errors.Is(err, cliproxy.ErrUnsupported):
		return fault.New("provider-unsupported", "CLIProxyAPI at %s (version %s) cannot sign in to %s", srv.Base,
			lo.CoalesceOrEmpty(srv.Version, "unknown"), s.Provider.Name).
			WithHint("%s; the Plus family and generation 7 support different providers",
				suggestMethods(s.Provider, "management"))
	case errors.As(err, &reply):
		return fault.New("login-failed", "CLIProxyAPI could not begin the sign-in to %s: %s", s.Provider.Name,
			printable.Excerpt(reply.Reason)).
			WithHint("it must reach the provider over the network; see mage logs cliproxyapi_plus")
	}
	return srv.RecordRefusal(err)
}

// guideSignIn shows the user what to do and waits until the server reports that the
// sign-in has ended.
func guideSignIn(ctx context.Context, s *session.Session, srv *management.Server, login cliproxy.Login,
	page *callback.Page) error {
	switch {
	case login.UserCode != "":
		showUserCode(s, login.URL, login.UserCode)
	case login.URL == "":
		// Plus 6 reports the code or the address with the progress.
	case page == nil && !s.Options.Paste:
		s.Say("Open this address:\n\n  %s\n", printable.EscapeLine(strings.TrimSpace(login.URL)))
	default:
		s.Say("Open this address in a browser and sign in to %s:\n\n  %s\n", s.Provider.Name,
			printable.EscapeLine(strings.TrimSpace(login.URL)))
		return deliverAnswer(ctx, s, srv, login, page)
	}
	return pollUntilEnd(ctx, s, srv, login.State)
}

// showUserCode tells the user to enter a code.
func showUserCode(s *session.Session, url, code string) {
	s.Say("Open this address and enter the code %s there:\n\n  %s\n", printable.EscapeLine(code),
		printable.EscapeLine(url))
}

// deliverAnswer waits for the browser's answer, which may be a refusal, and sends it to
// the server.
func deliverAnswer(ctx context.Context, s *session.Session, srv *management.Server, login cliproxy.Login,
	page *callback.Page) error {
	q, err := callback.Await(ctx, s, page, login.State)
	if fault.HasCode(err, "login-denied") || fault.HasCode(err, "login-failed") {
		sendRefusal(ctx, s, srv, q, login.State)
		return err
	}
	if err != nil {
		return err
	}
	if err := sendAnswer(ctx, s, srv, q); err != nil {
		return err
	}
	return pollUntilEnd(ctx, s, srv, login.State)
}

// sendAnswer sends the browser's answer to the server, and again while it is not known
// whether the server received it. When it is sent again, the status 409 or 404 means that
// the server had received it.
func sendAnswer(ctx context.Context, s *session.Session, srv *management.Server, q url.Values) error {
	pause, sentAgain := retry.MinPause, false
	return retry.Poll(ctx, s.Env.Wait, &pause, s.NoteLost, func() (bool, error) {
		err := srv.Deliver(ctx, callbackName(s), q)
		var reply *cliproxy.ReplyError
		switch {
		case err == nil, sentAgain && errors.As(err, &reply) && (reply.Status == http.StatusConflict ||
			reply.Status == http.StatusNotFound):
			return true, nil
		case retry.IsTransient(err):
			sentAgain = true
			return false, err
		}
		return false, explainFailure(s, srv, err)
	})
}

// sendRefusal sends a refusal to the server, so that it stops waiting, and waits at most
// two seconds until the server has noticed.
func sendRefusal(ctx context.Context, s *session.Session, srv *management.Server, refusal url.Values, state string) {
	ctx, stop := context.WithTimeout(ctx, 2*time.Second)
	defer stop()
	if srv.Deliver(ctx, callbackName(s), refusal) == nil {
		_ = pollUntilEnd(ctx, s, srv, state) // fails as expected
	}
}

// callbackName returns the provider's name in /X/callback of older servers.
func callbackName(s *session.Session) string {
	return lo.CoalesceOrEmpty(s.Provider.Settings.Callback, loginName(s))
}

// explainFailure returns the fault for an answer that the server refused.
func explainFailure(s *session.Session, srv *management.Server, err error) error {
	if reply := (*cliproxy.ReplyError)(nil); errors.As(err, &reply) {
		return fault.New("login-failed", "CLIProxyAPI refused the browser's answer: %s", printable.Excerpt(reply.Reason)).
			WithHint("run it again")
	}
	return srv.RecordRefusal(err)
}

// pollUntilEnd polls until the sign-in has ended. An older server reports "ok" for every
// state that it does not know: the caller looks for the file.
func pollUntilEnd(ctx context.Context, s *session.Session, srv *management.Server, state string) error {
	pause, shownText := retry.MinPause, ""
	showOnce := func(text string, say func()) {
		if shownText != text {
			shownText = text
			say()
		}
	}
	return retry.Poll(ctx, s.Env.Wait, &pause, s.NoteLost, func() (bool, error) {
		p, err := srv.Progress(ctx, state)
		switch {
		case retry.IsTransient(err):
			return false, err
		case err != nil:
			return false, explainFailure(s, srv, err)
		}
		switch p.Status {
		case cliproxy.Done:
			return true, nil
		case cliproxy.Failed:
			return judgeFailure(s, p.Error)
		case cliproxy.DeviceCode:
			showOnce(p.UserCode, func() { showUserCode(s, p.VerificationURL, p.UserCode) })
		case cliproxy.AuthURL:
			showOnce(p.URL, func() {
				s.Say("Open this address and sign in:\n\n  %s\n", printable.EscapeLine(strings.TrimSpace(p.URL)))
			})
		}
		return false, nil
	})
}

// judgeFailure decides on a sign-in that the server reports as failed. One that the
// server does not know may have succeeded more than a minute ago: then the file
// decides.
func judgeFailure(s *session.Session, reason string) (done bool, err error) {
	if strings.Contains(reason, "unknown or expired") {
		return true, nil
	}
	return false, fault.New("login-failed", "CLIProxyAPI could not finish the sign-in to %s: %s", s.Provider.Name,
		printable.Excerpt(reason)).
		WithHint("run it again; see mage logs cliproxyapi_plus")
}

// cancelAtServer ends the sign-in at the server, also after a signal.
func cancelAtServer(ctx context.Context, s *session.Session, srv *management.Server, state string) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer stop()
	_ = srv.Cancel(ctx, state) // else the server ends it after half an hour
}

// managementNotReady returns why CLIProxyAPI cannot be asked now; "" if it can.
func managementNotReady(s *session.Session) string { return management.NotReady(s.Config, s.Env) }
