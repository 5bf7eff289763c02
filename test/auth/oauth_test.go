package auth_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/refresh"
	"github.com/flowgate-go/flowgate/auth/signin"
)

// The OAuth 2 server of these tests is zitadel/oidc's provider with its example
// storage: certified OpenID Connect, PKCE, device codes, and refresh tokens that
// are used up by use, as Codex's and Claude's are; and it needs no second
// language, as npm's oidc-provider would.

// The user that the example storage has.
const (
	user     = "test-user@localhost"
	mail     = "test-user@zitadel.ch"
	password = "verysecure"
)

// issuer is a running OAuth 2 server.
type issuer struct {
	t   *testing.T
	url string
}

// publicClients lets clients without a secret use device codes too.
type publicClients struct{ *storage.Storage }

func (s publicClients) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := s.Storage.GetClientByClientID(ctx, id)
	if native, ok := c.(*storage.Client); ok {
		return publicClient{native}, err
	}
	return c, err
}

// CompleteDeviceAuthorization takes the user's id: the example takes the name
// for it and then finds nobody.
func (s publicClients) CompleteDeviceAuthorization(ctx context.Context, code, _ string) error {
	return s.Storage.CompleteDeviceAuthorization(ctx, code, "id1")
}

type publicClient struct{ *storage.Client }

func (c publicClient) GrantTypes() []oidc.GrantType {
	return append(c.Client.GrantTypes(), oidc.GrantTypeDeviceCode)
}

func (c publicClient) IDTokenUserinfoClaimsAssertion() bool { return true }

// registered puts the clients into the example storage, which keeps them in a variable.
var registered = sync.OnceFunc(func() {
	storage.RegisterClients(storage.NativeClient("flowgate", "http://127.0.0.1/callback"))
})

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	registered()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	at := "http://localhost:" + port
	handler := exampleop.SetupServer(at, publicClients{storage.NewStorage(storage.NewUserStore(at))},
		slog.New(slog.DiscardHandler), false)
	srv := &httptest.Server{Listener: l, Config: &http.Server{Handler: handler}}
	srv.Start()
	t.Cleanup(srv.Close)
	return &issuer{t, at}
}

// configure makes a provider of the issuer.
func (i *issuer) configure(s *site, method string) {
	s.cfg.Providers = map[string]map[string]any{"acme": {
		"method": method, "client_id": "flowgate", "scopes": []any{"openid", "email", "profile", "offline_access"},
		"single_use": true,
		"auth_url":   i.url + "/auth", "token_url": i.url + "/oauth/token", "device_url": i.url + "/device_authorization",
	}}
	s.env.Now = time.Now
}

// browser opens addresses as a person does.
func browser(t *testing.T) *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

func get(t *testing.T, c *http.Client, at string) (string, *url.URL) {
	t.Helper()
	res, err := c.Get(at)
	if err != nil {
		t.Error(err)
		return "", &url.URL{}
	}
	defer func() { _ = res.Body.Close() }()
	b, _ := io.ReadAll(res.Body)
	return string(b), res.Request.URL
}

// signIn types name and password at the issuer and follows it back to the callback page.
func (i *issuer) signIn(c *http.Client, address string) {
	_, at := get(i.t, c, address)
	form := url.Values{"id": {at.Query().Get("authRequestID")}, "username": {user}, "password": {password}}
	res, err := c.PostForm(i.url+"/login/username", form)
	if err != nil {
		i.t.Error(err)
		return
	}
	defer func() { _ = res.Body.Close() }()
	if b, _ := io.ReadAll(res.Body); !strings.Contains(string(b), "FlowGate has the answer") {
		i.t.Errorf("the browser ended at %s: %s", res.Request.URL.Host, b)
	}
}

// device types the code and answers allowed or denied.
func (i *issuer) device(c *http.Client, code, action string) {
	form := url.Values{"user_code": {code}, "username": {user}, "password": {password}}
	res, err := c.PostForm(i.url+"/device/login", form)
	if err != nil {
		i.t.Error(err)
		return
	}
	_ = res.Body.Close()
	get(i.t, c, i.url+"/device/confirm?action="+action)
}

// terminal is what the person sees; act is called with each text that has the pattern.
type terminal struct {
	mu   sync.Mutex
	text bytes.Buffer
	on   *regexp.Regexp
	act  func(match []string)
	wg   sync.WaitGroup
}

func (w *terminal) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.Write(p)
	if m := w.on.FindStringSubmatch(w.text.String()); m != nil && w.act != nil {
		act := w.act
		w.act = nil
		w.wg.Go(func() { act(m) })
	}
	return len(p), nil
}

func (w *terminal) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

var address = regexp.MustCompile(`(?s)(https?://\S+)\n`)

func (s *site) login(provider string, o signin.Options) (auth.Change, *terminal, error) {
	w, _ := o.Terminal.Out.(*terminal)
	if w == nil {
		w = &terminal{on: address}
		o.Terminal.Out = w
	}
	c, err := signin.Login(s.t.Context(), s.cfg, s.env, provider, o)
	w.wg.Wait()
	return c, w, err
}

func TestPKCESignsInAtARealServerAndTheGrantIsRenewedOnce(t *testing.T) {
	t.Parallel()
	s, i := newSite(t), newIssuer(t)
	i.configure(s, "pkce")
	w := &terminal{on: address, act: func(m []string) { i.signIn(browser(t), m[1]) }}
	got, _, err := s.login("acme", signin.Options{Terminal: signin.Terminal{Out: w}, Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if a := got.Account; a.State != auth.Fresh || !a.Refreshable || a.Email != mail || a.Mode != "0600" {
		t.Errorf("%+v", a)
	}
	if !strings.Contains(w.String(), "code_challenge_method=S256") || !strings.Contains(w.String(), "state=") {
		t.Errorf("the address: %s", w)
	}
	before := s.read(got.Destination)
	renewed, err := refresh.Accounts(t.Context(), s.cfg, s.env, "acme")
	if err != nil || !renewed.Changed {
		t.Fatalf("%+v, %v", renewed, err)
	}
	after := s.read(got.Destination)
	if before["access_token"] == after["access_token"] || before["refresh_token"] == after["refresh_token"] ||
		after["email"] != mail {
		t.Errorf("not renewed: %v", after)
	}
	s.put(got.Destination, before) // as a copy elsewhere would have it: its token is used up
	_, err = refresh.Accounts(t.Context(), s.cfg, s.env, "acme")
	wantCode(t, err, "grant-dead")
	if a := s.accounts()[0]; a.State != auth.Dead || !strings.Contains(a.Evidence, "invalid_grant") {
		t.Errorf("%s: %s", a.State, a.Evidence)
	}
	s.put(got.Destination, after)
	if a := s.accounts()[0]; a.State != auth.Fresh {
		t.Errorf("another grant is held for dead: %s", a.State)
	}
}

func TestPKCEByPasting(t *testing.T) {
	t.Parallel()
	s, i := newSite(t), newIssuer(t)
	i.configure(s, "pkce")
	in, typed := io.Pipe()
	w := &terminal{on: address, act: func(m []string) {
		c := browser(t)
		last := ""
		c.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if r.URL.Host == "127.0.0.1" { // nothing listens there: the browser is on another machine
				last = r.URL.String()
				return http.ErrUseLastResponse
			}
			return nil
		}
		_, at := get(t, c, m[1])
		res, err := c.PostForm(i.url+"/login/username", url.Values{"id": {at.Query().Get("authRequestID")},
			"username": {user}, "password": {password}})
		if err != nil {
			t.Error(err)
			return
		}
		_ = res.Body.Close()
		_, _ = io.WriteString(typed, last+"\n")
	}}
	got, _, err := s.login("acme", signin.Options{Paste: true, Terminal: signin.Terminal{In: in, Out: w},
		Timeout: 20 * time.Second})
	if err != nil || got.Account.State != auth.Fresh {
		t.Fatalf("%+v, %v: %s", got, err, w)
	}
}

func TestAnAnswerToAnotherSignInIsRefused(t *testing.T) {
	t.Parallel()
	s, i := newSite(t), newIssuer(t)
	i.configure(s, "pkce")
	for name, query := range map[string]string{"foreign state": "code=x&state=foreign", "no state": "code=x"} {
		w := &terminal{on: regexp.MustCompile(`redirect_uri=(\S+?)&`), act: func(m []string) {
			at, _ := url.QueryUnescape(m[1])
			if page, _ := get(t, browser(t), at+"?"+query); !strings.Contains(page, "still waits") {
				t.Errorf("%s: the page says %q", name, page)
			}
		}}
		_, _, err := s.login("acme", signin.Options{Terminal: signin.Terminal{Out: w}, Timeout: time.Second})
		wantCode(t, err, "login-timeout")
		in, typed := io.Pipe()
		go func() { _, _ = io.WriteString(typed, "http://127.0.0.1/callback?"+query+"\n") }()
		_, _, err = s.login("acme", signin.Options{Paste: true, Terminal: signin.Terminal{In: in}, Timeout: 20 * time.Second})
		wantCode(t, err, "state-mismatch")
	}
	w := &terminal{on: regexp.MustCompile(`redirect_uri=(\S+?)&.*state=([^&\s]+)`), act: func(m []string) {
		at, _ := url.QueryUnescape(m[1])
		get(t, browser(t), at+"?error=access_denied&state="+m[2])
	}}
	_, _, err := s.login("acme", signin.Options{Terminal: signin.Terminal{Out: w}, Timeout: 20 * time.Second})
	wantCode(t, err, "login-denied")
	if len(s.accounts()) != 0 {
		t.Error("something was written")
	}
}

func TestAPersonWhoNeverAnswersEndsTheWaiting(t *testing.T) {
	t.Parallel()
	s, i := newSite(t), newIssuer(t)
	for _, method := range []string{"pkce", "device_code"} {
		i.configure(s, method)
		_, _, err := s.login("acme", signin.Options{Timeout: 300 * time.Millisecond})
		wantCode(t, err, "login-timeout")
	}
	ctx, cancel := context.WithCancel(t.Context())
	w := &terminal{on: address, act: func([]string) { cancel() }}
	_, err := signin.Login(ctx, s.cfg, s.env, "acme", signin.Options{Method: "pkce", Terminal: signin.Terminal{Out: w}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Ctrl-C: %v", err)
	}
}

func TestADeviceCodeIsAllowedAndDenied(t *testing.T) {
	t.Parallel()
	for action, code := range map[string]string{"allowed": "", "denied": "login-denied"} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			s, i := newSite(t), newIssuer(t)
			i.configure(s, "device_code")
			w := &terminal{on: regexp.MustCompile(`enter the code (\S+) there`),
				act: func(m []string) { i.device(browser(t), m[1], action) }}
			began := time.Now()
			got, _, err := s.login("acme", signin.Options{Terminal: signin.Terminal{Out: w}, Timeout: 30 * time.Second})
			if took := time.Since(began); took < 5*time.Second {
				t.Errorf("polled after %v: the server's interval is 5 s", took)
			}
			if code != "" {
				wantCode(t, err, code)
				return
			}
			if err != nil || got.Account.State != auth.Fresh || !got.Account.Refreshable {
				t.Fatalf("%+v, %v", got, err)
			}
		})
	}
}

func TestATokenIsNeverSentInTheClear(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cfg.Providers = map[string]map[string]any{"acme": {"method": "pkce", "client_id": "x",
		"auth_url": "https://a.example/a", "token_url": "http://a.example/t"}}
	_, _, err := s.login("acme", signin.Options{})
	wantCode(t, err, "provider-invalid")
}

func TestTakenCallbackPortIsSaid(t *testing.T) {
	t.Parallel()
	s, i := newSite(t), newIssuer(t)
	i.configure(s, "pkce")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	s.cfg.Providers["acme"]["redirect_url"] = "http://" + l.Addr().String() + "/callback"
	_, _, err = s.login("acme", signin.Options{})
	wantCode(t, err, "callback-port-taken")
}

func TestAnotherProgramsCallbackPortOfIPv6IsSaid(t *testing.T) {
	t.Parallel()
	s, i := newSite(t), newIssuer(t)
	i.configure(s, "pkce")
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6 here: ", err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	s.cfg.Providers["acme"]["redirect_url"] = "http://localhost:" + port + "/callback"
	_, _, err = s.login("acme", signin.Options{})
	wantCode(t, err, "callback-port-taken")
}

func TestAKeyInThePlaceOfItsVariablesNameIsNotRepeated(t *testing.T) {
	t.Parallel()
	const key = "a1B2c3D4e5F6g7H8i9J0"
	_, _, err := newSite(t).login("openai", signin.Options{Env: key})
	if wantCode(t, err, "credential-input"); strings.Contains(err.Error(), key) {
		t.Errorf("%v", err)
	}
}

func TestAnAPIKeyComesFromAnywhereButAnArgument(t *testing.T) {
	t.Parallel()
	key := "sk-" + canary + "-0123456789"
	for name, o := range map[string]signin.Options{
		"stdin":    {Stdin: true, Terminal: signin.Terminal{In: strings.NewReader(key + "\n")}},
		"variable": {Env: "THE_KEY"},
		"file":     {File: "key.txt"},
		"prompt":   {Terminal: signin.Terminal{Secret: func(string) (string, error) { return key, nil }}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			home := s.env.Getenv("HOME")
			s.env.Getenv = func(n string) string { return map[string]string{"HOME": home, "THE_KEY": key}[n] }
			if o.File != "" {
				o.File = s.put(o.File, key+"\n")
			}
			got, w, err := s.login("openai", o)
			if err != nil || got.Account.State != auth.Lasting || got.Account.Mode != "0600" {
				t.Fatalf("%+v, %v", got, err)
			}
			if b, _ := os.ReadFile(got.Destination); string(b) != key+"\n" || strings.Contains(w.String(), canary) {
				t.Errorf("%q, %s", b, w)
			}
		})
	}
	s := newSite(t)
	for name, o := range map[string]signin.Options{
		"nobody to ask": {}, "an empty stdin": {Stdin: true, Terminal: signin.Terminal{In: strings.NewReader("")}},
		"no such variable": {Env: "NOPE"}, "no such file": {File: "/nope"},
		"white space": {Stdin: true, Terminal: signin.Terminal{In: strings.NewReader("two words here\n")}},
	} {
		_, _, err := s.login("openai", o)
		if wantCode(t, err, "credential-input"); t.Failed() {
			t.Log(name)
		}
	}
}

func TestAServiceAccountIsKeptAsTheServerWantsIt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	file := s.put("sa.json", object{"type": "service_account", "project_id": "p", "client_email": "x@p.iam",
		"private_key": "-----BEGIN"})
	got, _, err := s.login("vertex", signin.Options{File: file})
	if err != nil || got.Account.Provider != "vertex" || got.Account.State != auth.Lasting ||
		s.read(got.Destination)["project_id"] != "p" {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestACommandsWordIsNotBelievedButItsFileIs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cfg.Providers = map[string]map[string]any{"acme": {"command": []any{"/bin/sh", "-c",
		`echo '{"type":"acme","access_token":"a","refresh_token":"r"}' > {dir}/acme.json`}},
		"liar": {"command": []any{"/bin/true"}}}
	s.put(".router/auths/.keep", "")
	if got, _, err := s.login("acme", signin.Options{}); err != nil || got.Account.State != auth.Unknown {
		t.Errorf("%+v, %v", got, err)
	}
	_, _, err := s.login("liar", signin.Options{})
	wantCode(t, err, "login-unproven")
}

func TestAnUnknownMethodIsNamed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, _, err := s.login("openai", signin.Options{Method: "pkcee"})
	wantCode(t, err, "method-unknown")
	_, _, err = s.login("openai", signin.Options{Method: "pkce"})
	wantCode(t, err, "method-unready")
}
