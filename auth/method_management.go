package auth

import (
	"context"
	"errors"
	"net"
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
		s.say("Open this address:\n\n  %s\n", login.URL)
	default:
		s.say("Open this address in a browser and sign in to %s:\n\n  %s\n", s.provider.Name, login.URL)
		return s.deliver(ctx, srv, login, page)
	}
	return s.await(ctx, srv, login.State)
}

func (s *signIn) showCode(url, code string) {
	s.say("Open this address and type the code %s there:\n\n  %s\n", code, url)
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
	if err := srv.Deliver(ctx, s.callbackWord(), q); err != nil {
		return s.failed(srv, err)
	}
	return s.await(ctx, srv, login.State)
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
	told := ""
	for {
		p, err := srv.Progress(ctx, state)
		if err != nil {
			return s.failed(srv, err)
		}
		switch p.Status {
		case cliproxy.Done:
			return nil
		case cliproxy.Failed:
			if strings.Contains(p.Error, "unknown or expired") {
				return nil // it may have ended well over a minute ago: the file decides
			}
			return fault.New("login-failed", "CLIProxyAPI could not finish the sign-in to %s: %s", s.provider.Name, shown(p.Error)).
				WithHint("run it again; mage logs cliproxyapi_plus says more")
		case cliproxy.DeviceCode:
			if told != p.UserCode {
				told = p.UserCode
				s.showCode(p.VerificationURL, p.UserCode)
			}
		case cliproxy.AuthURL:
			if told != p.URL {
				told = p.URL
				s.say("Open this address and sign in:\n\n  %s\n", p.URL)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollPause):
		}
	}
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
	c, err := net.DialTimeout("tcp", at.Host, 500*time.Millisecond)
	if err != nil {
		return "CLIProxyAPI does not answer at " + svc.URL() + " (mage start)"
	}
	_ = c.Close()
	return ""
}
