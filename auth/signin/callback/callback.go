// Package callback receives the browser's answer at the end of a sign-in: Listen
// opens a page on loopback, Await waits for the answer there, or for the address
// that the user pastes.
package callback

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/auth/signin/retry"
	"github.com/flowgate-go/flowgate/auth/signin/session"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/printable"
)

// Page is the page that the browser is redirected to. It listens on loopback only
// and takes one answer: the first with the state of this sign-in. Every other
// request is refused and changes nothing.
type Page struct {
	Redirect string // the redirect address that is sent to the provider
	host     string // the Host that a browser sends for it
	path     string
	answers  chan url.Values
	state    atomic.Pointer[string] // what answers must carry; nil until Expect
	server   *http.Server
	serving  sync.WaitGroup
}

// Expect sets the state that answers must have. Until then every answer is refused.
func (p *Page) Expect(state string) { p.state.Store(&state) }

// Listen opens the page at redirect, whose host must be this machine. Without a port
// it chooses a free one. Faults: callback-port-taken, provider-invalid.
func Listen(redirect string) (*Page, error) {
	at, err := url.Parse(redirect)
	if err != nil || at.Scheme != "http" || at.Hostname() != "localhost" && at.Hostname() != "127.0.0.1" {
		return nil, fault.Usage("provider-invalid", "redirect_url %q is not an http address on this machine",
			retry.HideQuery(redirect)).WithHint("use http://127.0.0.1/callback, or the address that the provider has registered")
	}
	port := at.Port()
	if port == "" {
		port = "0"
	}
	l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return nil, fault.New("callback-port-taken", "cannot listen on 127.0.0.1:%s, where the browser is redirected to: %w",
			port, err).
			WithHint("is another sign-in running? end it, or use -paste")
	}
	if port == "0" {
		at.Host = net.JoinHostPort(at.Hostname(), portOf(l))
	}
	p := &Page{Redirect: at.String(), host: strings.TrimSuffix(at.Host, ":80"), path: cmp.Or(at.Path, "/"),
		answers: make(chan url.Values, 1)}
	p.server = &http.Server{Handler: http.HandlerFunc(p.receive), ReadHeaderTimeout: 10 * time.Second,
		MaxHeaderBytes: 64 << 10}
	p.serving.Go(func() { _ = p.server.Serve(l) }) // ends with Close
	if at.Hostname() == "localhost" {
		if err := p.listenIPv6(portOf(l)); err != nil {
			p.Close()
			return nil, err
		}
	}
	return p, nil
}

// listenIPv6 opens the page at ::1, too, since browsers may resolve localhost to it.
// A machine without IPv6 is not an error. Fault: callback-port-taken, if another
// program would receive the answer there.
func (p *Page) listenIPv6(port string) error {
	l, err := net.Listen("tcp6", net.JoinHostPort("::1", port))
	if errors.Is(err, syscall.EADDRINUSE) {
		return fault.New("callback-port-taken",
			"another program listens on [::1]:%s, where the browser may be redirected to: %w", port, err).
			WithHint("end that program, or use -paste")
	}
	if err == nil {
		p.serving.Go(func() { _ = p.server.Serve(l) }) // ends with Close
	}
	return nil
}

// portOf returns the port of a listener.
func portOf(l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// receive handles a request for the page.
func (p *Page) receive(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Referrer-Policy", "no-referrer")
	q := r.URL.Query()
	switch {
	case r.URL.Path != p.path:
		http.NotFound(w, r)
	case r.Method != http.MethodGet:
		http.Error(w, "FlowGate waits for a browser here.", http.StatusMethodNotAllowed)
	case !strings.EqualFold(strings.TrimSuffix(r.Host, ":80"), p.host):
		http.Error(w, "FlowGate waits for a sign-in at another address.", http.StatusBadRequest)
	case !p.hasState(q):
		http.Error(w, "This answer does not belong to the sign-in that FlowGate waits for. FlowGate still waits.",
			http.StatusBadRequest)
	case q.Get("code") == "" && q.Get("error") == "":
		http.Error(w, "FlowGate waits for a sign-in here; this address has neither a code nor an error.",
			http.StatusBadRequest)
	default:
		select {
		case p.answers <- q:
		default: // the browser was reloaded
		}
		_, _ = w.Write([]byte("FlowGate has the answer. You can close this page; the terminal shows the result.\n"))
	}
}

// hasState reports whether an answer has the state of this sign-in.
func (p *Page) hasState(q url.Values) bool {
	state := p.state.Load()
	return state != nil && *state != "" && subtle.ConstantTimeCompare([]byte(readState(q)), []byte(*state)) == 1
}

// readState returns the state of an answer. Claude's page shows code#state as one
// text, which readState splits in q.
func readState(q url.Values) string {
	if code, after, ok := strings.Cut(q.Get("code"), "#"); ok {
		q.Set("code", code)
		q.Set("state", cmp.Or(q.Get("state"), after))
	}
	return q.Get("state")
}

// Close stops the page after the last reply was sent, at most a second later.
func (p *Page) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if p.server.Shutdown(ctx) != nil { // waits for the last reply
		_ = p.server.Close()
	}
	p.serving.Wait()
}

// Await waits for the browser's answer at page, or with a nil page for the user to
// paste the browser's last address. It returns the query of an answer with the right
// state. Faults: state-mismatch, login-denied, login-failed, credential-input.
func Await(ctx context.Context, s *session.Session, page *Page, state string) (url.Values, error) {
	var q url.Values
	if page == nil {
		s.Say("Then paste the last address of the browser (the browser may report that it cannot be reached), and press " +
			"Enter:")
		line, err := s.ReadLine(ctx)
		if err != nil {
			return nil, err
		}
		q = parsePasted(line)
	} else {
		select {
		case q = <-page.answers:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return q, checkAnswer(q, state)
}

// parsePasted parses what the user pasted: the browser's last address, only its
// query, or the code#state that some providers show.
func parsePasted(line string) url.Values {
	if code, state, ok := strings.Cut(line, "#"); ok && !strings.ContainsAny(line, "/?=") {
		return url.Values{"code": {code}, "state": {state}}
	}
	if at, err := url.Parse(line); err == nil && at.RawQuery != "" {
		line = at.RawQuery
	}
	q, _ := url.ParseQuery(strings.TrimPrefix(line, "?"))
	return q
}

// checkAnswer refuses an answer with another state, an error, or without a code.
func checkAnswer(q url.Values, state string) error {
	switch {
	case subtle.ConstantTimeCompare([]byte(readState(q)), []byte(state)) != 1:
		return fault.New("state-mismatch",
			"the browser's answer belongs to another sign-in (its state is not the one that was sent); it was refused").
			WithHint("close older pages of this sign-in, run it again and use its new address; when pasting, paste the " +
				"whole address")
	case q.Get("error") == "access_denied":
		return fault.New("login-denied", "the sign-in was refused at the provider").
			WithHint("run it again and allow it there")
	case q.Get("error") != "":
		return fault.New("login-failed", "the provider answered %s: %s", printable.Excerpt(q.Get("error")),
			printable.Excerpt(q.Get("error_description"))).WithHint("run it again")
	case q.Get("code") == "":
		return fault.Usage("credential-input", "the address has neither a code nor an error").
			WithHint("paste the whole last address of the browser")
	}
	return nil
}
