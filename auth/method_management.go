package auth

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/cliproxy"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// pollPause is the time between two questions to the server. It keeps a success
// for a minute, and asks the provider no more often than this.
const pollPause = 1500 * time.Millisecond

// runManagement lets CLIProxyAPI sign in: it makes the address and exchanges the
// code, we show the one and catch the other. It writes the credential itself.
func runManagement(ctx context.Context, s *signIn) ([]draft, error) {
	srv, err := openServer(s.cfg, s.env)
	if err != nil {
		return nil, err
	}
	var page *callback
	if at := s.provider.Settings.RedirectURL; at != "" && !s.o.Paste {
		if page, err = listen(at); err != nil {
			return nil, err
		}
		defer page.close()
	}
	query := s.provider.Settings.Query
	if s.o.Project != "" {
		query = lo.Assign(query, map[string]string{"project_id": s.o.Project})
	}
	login, err := srv.Begin(ctx, s.word(), query)
	if err != nil {
		return nil, s.refused(srv, err)
	}
	if at, err := url.Parse(login.URL); err == nil && login.State == "" {
		login.State = at.Query().Get("state")
	}
	if page != nil {
		page.expect(login.State)
	}
	if err := s.follow(ctx, srv, login, page); err != nil {
		s.cancel(ctx, srv, login.State)
		return nil, err
	}
	return nil, nil
}

func (s *signIn) word() string {
	return lo.CoalesceOrEmpty(s.provider.Settings.Login, s.provider.Name)
}

// refused explains why a sign-in did not begin.
func (s *signIn) refused(srv *server, err error) error {
	var reply *cliproxy.ReplyError
	switch {
	case errors.Is(err, cliproxy.ErrUnsupported):
		return fault.New("provider-unsupported", "CLIProxyAPI at %s (version %s) cannot sign in to %s", srv.Base, lo.CoalesceOrEmpty(srv.Version, "unknown"), s.provider.Name).
			WithHint("%s; the Plus family and generation 7 support different providers", otherwise(s.provider, "management"))
	case errors.As(err, &reply):
		return fault.New("login-failed", "CLIProxyAPI could not begin the sign-in to %s: %s", s.provider.Name, shown(reply.Reason)).
			WithHint("it has to reach the provider over the network; mage logs cliproxyapi_plus says more")
	}
	return srv.note(err)
}

// follow leads the person through the sign-in until the server says how it ended.
func (s *signIn) follow(ctx context.Context, srv *server, login cliproxy.Login, page *callback) error {
	switch {
	case login.UserCode != "":
		s.showCode(login.URL, login.UserCode)
	case login.URL == "":
		// Plus 6 says code or address with the progress.
	case page == nil && !s.o.Paste:
		s.say("Open this address:\n\n  %s\n", harmless(login.URL))
	default:
		s.say("Open this address in a browser and sign in to %s:\n\n  %s\n", s.provider.Name, harmless(login.URL))
		return s.deliver(ctx, srv, login, page)
	}
	return s.await(ctx, srv, login.State)
}

func (s *signIn) showCode(url, code string) {
	s.say("Open this address and type the code %s there:\n\n  %s\n", harmless(code), harmless(url))
}

// deliver hands the browser's answer to the server, a refusal too.
func (s *signIn) deliver(ctx context.Context, srv *server, login cliproxy.Login, page *callback) error {
	q, err := s.answer(ctx, page, login.State)
	if isCode(err, "login-denied") || isCode(err, "login-failed") {
		s.tell(ctx, srv, q, login.State)
		return err
	}
	if err != nil {
		return err
	}
	if err := s.handOver(ctx, srv, q); err != nil {
		return err
	}
	return s.await(ctx, srv, login.State)
}

// handOver gives the server the browser's answer, again when it is not known
// whether the server got it. A conflict then means that it had.
func (s *signIn) handOver(ctx context.Context, srv *server, q url.Values) error {
	pause, again := pollPause, false
	return s.poll(ctx, &pause, func() (bool, error) {
		err := srv.Deliver(ctx, s.callbackWord(), q)
		var reply *cliproxy.ReplyError
		switch {
		case err == nil, again && errors.As(err, &reply) && (reply.Status == http.StatusConflict || reply.Status == http.StatusNotFound):
			return true, nil
		case isTransient(err):
			again = true
			return false, err
		}
		return false, s.failed(srv, err)
	})
}

// tell lets the server know of a refusal, so that it does not wait on, and gives
// it the moment that it takes to notice.
func (s *signIn) tell(ctx context.Context, srv *server, refusal url.Values, state string) {
	ctx, stop := context.WithTimeout(ctx, 2*time.Second)
	defer stop()
	if srv.Deliver(ctx, s.callbackWord(), refusal) == nil {
		_ = s.await(ctx, srv, state) // it fails, as it should
	}
}

func (s *signIn) callbackWord() string {
	return lo.CoalesceOrEmpty(s.provider.Settings.Callback, s.word())
}

func (s *signIn) failed(srv *server, err error) error {
	if reply := (*cliproxy.ReplyError)(nil); errors.As(err, &reply) {
		return fault.New("login-failed", "CLIProxyAPI did not take the answer: %s", shown(reply.Reason)).WithHint("run it again")
	}
	return srv.note(err)
}

// await polls until the sign-in has ended. "ok" from an older server means
// little: the caller looks for the file.
func (s *signIn) await(ctx context.Context, srv *server, state string) error {
	pause, shownText := pollPause, ""
	tell := func(text string, say func()) {
		if shownText != text {
			shownText = text
			say()
		}
	}
	return s.poll(ctx, &pause, func() (bool, error) {
		p, err := srv.Progress(ctx, state)
		switch {
		case isTransient(err):
			return false, err
		case err != nil:
			return false, s.failed(srv, err)
		}
		switch p.Status {
		case cliproxy.Done:
			return true, nil
		case cliproxy.Failed:
			return s.ownFailure(p.Error)
		case cliproxy.DeviceCode:
			tell(p.UserCode, func() { s.showCode(p.VerificationURL, p.UserCode) })
		case cliproxy.AuthURL:
			tell(p.URL, func() { s.say("Open this address and sign in:\n\n  %s\n", harmless(p.URL)) })
		}
		return false, nil
	})
}

// ownFailure judges a sign-in that the server calls failed. One that it does not
// know may have ended well over a minute ago: the file decides then.
func (s *signIn) ownFailure(reason string) (done bool, err error) {
	if strings.Contains(reason, "unknown or expired") {
		return true, nil
	}
	return false, fault.New("login-failed", "CLIProxyAPI could not finish the sign-in to %s: %s", s.provider.Name, shown(reason)).
		WithHint("run it again; mage logs cliproxyapi_plus says more")
}

// cancel ends the sign-in at the server, also when a signal ended us.
func (s *signIn) cancel(ctx context.Context, srv *server, state string) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer stop()
	_ = srv.Cancel(ctx, state) // it ends by itself in half an hour
}

// readyServer says whether a CLIProxyAPI answers.
func readyServer(s *signIn) string {
	svc, ok := s.cfg.Service(config.CLIProxy)
	if !ok || svc.Runtime == config.RuntimeEcho {
		return "it needs CLIProxyAPI, and the upstream is the echo (services.cliproxyapi_plus.runtime: cliproxyapi)"
	}
	at, err := url.Parse(svc.URL())
	if err != nil {
		return err.Error()
	}
	if s.env.Untrusted {
		return "the configuration is not trusted, so CLIProxyAPI was not asked (mage trust)"
	}
	c, err := net.DialTimeout("tcp", at.Host, 500*time.Millisecond)
	if err != nil {
		return "CLIProxyAPI does not answer at " + svc.URL() + " (mage start)"
	}
	_ = c.Close()
	return ""
}
