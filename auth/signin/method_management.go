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

// runManagement lets CLIProxyAPI sign in: it makes the address and exchanges the
// code, we show the one and catch the other. It writes the credential itself.
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
	login, err := srv.Begin(ctx, loginWord(s), query)
	if err != nil {
		return nil, explainRefusal(s, srv, err)
	}
	if at, err := url.Parse(login.URL); err == nil && login.State == "" {
		login.State = at.Query().Get("state")
	}
	if page != nil {
		page.Expect(login.State)
	}
	if err := follow(ctx, s, srv, login, page); err != nil {
		cancel(ctx, s, srv, login.State)
		return nil, err
	}
	return nil, nil
}

func loginWord(s *session.Session) string {
	return lo.CoalesceOrEmpty(s.Provider.Settings.Login, s.Provider.Name)
}

// explainRefusal explains why a sign-in did not begin.
func explainRefusal(s *session.Session, srv *management.Server, err error) error {
	var reply *cliproxy.ReplyError
	switch {
	case errors.Is(err, cliproxy.ErrUnsupported):
		return fault.New("provider-unsupported", "CLIProxyAPI at %s (version %s) cannot sign in to %s", srv.Base, lo.CoalesceOrEmpty(srv.Version, "unknown"), s.Provider.Name).
			WithHint("%s; the Plus family and generation 7 support different providers", suggestMethods(s.Provider, "management"))
	case errors.As(err, &reply):
		return fault.New("login-failed", "CLIProxyAPI could not begin the sign-in to %s: %s", s.Provider.Name, printable.Excerpt(reply.Reason)).
			WithHint("it has to reach the provider over the network; mage logs cliproxyapi_plus says more")
	}
	return srv.Note(err)
}

// follow leads the person through the sign-in until the server says how it ended.
func follow(ctx context.Context, s *session.Session, srv *management.Server, login cliproxy.Login, page *callback.Page) error {
	switch {
	case login.UserCode != "":
		showUserCode(s, login.URL, login.UserCode)
	case login.URL == "":
		// Plus 6 says code or address with the progress.
	case page == nil && !s.Options.Paste:
		s.Say("Open this address:\n\n  %s\n", printable.EscapeLine(login.URL))
	default:
		s.Say("Open this address in a browser and sign in to %s:\n\n  %s\n", s.Provider.Name, printable.EscapeLine(login.URL))
		return deliver(ctx, s, srv, login, page)
	}
	return await(ctx, s, srv, login.State)
}

func showUserCode(s *session.Session, url, code string) {
	s.Say("Open this address and type the code %s there:\n\n  %s\n", printable.EscapeLine(code), printable.EscapeLine(url))
}

// deliver hands the browser's answer to the server, a refusal too.
func deliver(ctx context.Context, s *session.Session, srv *management.Server, login cliproxy.Login, page *callback.Page) error {
	q, err := callback.Await(ctx, s, page, login.State)
	if fault.HasCode(err, "login-denied") || fault.HasCode(err, "login-failed") {
		tellRefusal(ctx, s, srv, q, login.State)
		return err
	}
	if err != nil {
		return err
	}
	if err := handOver(ctx, s, srv, q); err != nil {
		return err
	}
	return await(ctx, s, srv, login.State)
}

// handOver gives the server the browser's answer, again when it is not known
// whether the server got it. A conflict then means that it had.
func handOver(ctx context.Context, s *session.Session, srv *management.Server, q url.Values) error {
	pause, again := retry.MinPause, false
	return retry.Poll(ctx, &pause, s.NoteLost, func() (bool, error) {
		err := srv.Deliver(ctx, callbackWord(s), q)
		var reply *cliproxy.ReplyError
		switch {
		case err == nil, again && errors.As(err, &reply) && (reply.Status == http.StatusConflict || reply.Status == http.StatusNotFound):
			return true, nil
		case retry.IsTransient(err):
			again = true
			return false, err
		}
		return false, explainFailure(s, srv, err)
	})
}

// tellRefusal lets the server know of a refusal, so that it does not wait on, and gives
// it the moment that it takes to notice.
func tellRefusal(ctx context.Context, s *session.Session, srv *management.Server, refusal url.Values, state string) {
	ctx, stop := context.WithTimeout(ctx, 2*time.Second)
	defer stop()
	if srv.Deliver(ctx, callbackWord(s), refusal) == nil {
		_ = await(ctx, s, srv, state) // it fails, as it should
	}
}

func callbackWord(s *session.Session) string {
	return lo.CoalesceOrEmpty(s.Provider.Settings.Callback, loginWord(s))
}

func explainFailure(s *session.Session, srv *management.Server, err error) error {
	if reply := (*cliproxy.ReplyError)(nil); errors.As(err, &reply) {
		return fault.New("login-failed", "CLIProxyAPI did not take the answer: %s", printable.Excerpt(reply.Reason)).WithHint("run it again")
	}
	return srv.Note(err)
}

// await polls until the sign-in has ended. "ok" from an older server means
// little: the caller looks for the file.
func await(ctx context.Context, s *session.Session, srv *management.Server, state string) error {
	pause, shownText := retry.MinPause, ""
	tell := func(text string, say func()) {
		if shownText != text {
			shownText = text
			say()
		}
	}
	return retry.Poll(ctx, &pause, s.NoteLost, func() (bool, error) {
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
			tell(p.UserCode, func() { showUserCode(s, p.VerificationURL, p.UserCode) })
		case cliproxy.AuthURL:
			tell(p.URL, func() { s.Say("Open this address and sign in:\n\n  %s\n", printable.EscapeLine(p.URL)) })
		}
		return false, nil
	})
}

// judgeFailure judges a sign-in that the server calls failed. One that it does not
// know may have ended well over a minute ago: the file decides then.
func judgeFailure(s *session.Session, reason string) (done bool, err error) {
	if strings.Contains(reason, "unknown or expired") {
		return true, nil
	}
	return false, fault.New("login-failed", "CLIProxyAPI could not finish the sign-in to %s: %s", s.Provider.Name, printable.Excerpt(reason)).
		WithHint("run it again; mage logs cliproxyapi_plus says more")
}

// cancel ends the sign-in at the server, also when a signal ended us.
func cancel(ctx context.Context, s *session.Session, srv *management.Server, state string) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer stop()
	_ = srv.Cancel(ctx, state) // it ends by itself in half an hour
}

func readyManagement(s *session.Session) string { return management.NotReady(s.Config, s.Env) }
