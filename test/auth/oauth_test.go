package auth_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
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
	"github.com/flowgate-go/flowgate/auth/authtest"
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

// settingUp keeps the set-up of one issuer apart from the requests to others: it writes
// variables of the example's package that they read.
var settingUp sync.RWMutex

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	registered()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	at := "http://localhost:" + port
	settingUp.Lock()
	handler := exampleop.SetupServer(at, publicClients{storage.NewStorage(storage.NewUserStore(at))},
		slog.New(slog.DiscardHandler), false)
	settingUp.Unlock()
	srv := &httptest.Server{Listener: l, Config: &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			settingUp.RLock()
			defer settingUp.RUnlock()
			handler.ServeHTTP(w, r)
		}),
	}}
	srv.Start()
	t.Cleanup(srv.Close)
	return &issuer{t, at}
}

// configure makes a provider of the issuer.
func (i *issuer) configure(s *authtest.Site, method string) {
	s.Config.Providers = map[string]map[string]any{"acme": {
		"method": method, "client_id": "flowgate", "scopes": []any{"openid", "email", "profile", "offline_access"},
		"single_use": true,
		"auth_url":   i.url + "/auth", "token_url": i.url + "/oauth/token", "device_url": i.url + "/device_authorization",
	}}
	s.Env.Now = time.Now
}

// signIn types name and password at the issuer and follows it back to the callback page.
func (i *issuer) signIn(c *http.Client, address string) {
	_, at := authtest.Get(i.t, c, address)
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

// answerDevice types the code and answers allowed or denied.
func (i *issuer) answerDevice(c *http.Client, code, action string) {
	form := url.Values{"user_code": {code}, "username": {user}, "password": {password}}
	res, err := c.PostForm(i.url+"/device/login", form)
	if err != nil {
		i.t.Error(err)
		return
	}
	_ = res.Body.Close()
	authtest.Get(i.t, c, i.url+"/device/confirm?action="+action)
}

func TestPKCESignsInAtARealServerAndTheGrantIsRenewedOnce(t *testing.T) {
	t.Parallel()
	s, i := authtest.NewSite(t), newIssuer(t)
	i.configure(s, "pkce")
	w := &authtest.Terminal{On: authtest.Address, Act: func(m []string) { i.signIn(authtest.Browser(t), m[1]) }}
	got, _, err := s.Login("acme", signin.Options{Terminal: signin.Terminal{Out: w}, Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if a := got.Account; a.State != auth.Fresh || !a.Refreshable || a.Email != mail || a.Mode != "0600" {
		t.Errorf("%+v", a)
	}
	if !strings.Contains(w.String(), "code_challenge_method=S256") || !strings.Contains(w.String(), "state=") {
		t.Errorf("the address: %s", w)
	}
	before := s.Read(got.Destination)
	renewed, err := refresh.Accounts(t.Context(), s.Config, s.Env, "acme")
	if err != nil || !renewed.Changed {
		t.Fatalf("%+v, %v", renewed, err)
	}
	after := s.Read(got.Destination)
	if before["access_token"] == after["access_token"] || before["refresh_token"] == after["refresh_token"] ||
		after["email"] != mail {
		t.Errorf("not renewed: %v", after)
	}
	s.Put(got.Destination, before) // as a copy elsewhere would have it: its token is used up
	_, err = refresh.Accounts(t.Context(), s.Config, s.Env, "acme")
	authtest.WantCode(t, err, "grant-dead")
	if a := s.Accounts()[0]; a.State != auth.Dead || !strings.Contains(a.Evidence, "invalid_grant") {
		t.Errorf("%s: %s", a.State, a.Evidence)
	}
	s.Put(got.Destination, after)
	if a := s.Accounts()[0]; a.State != auth.Fresh {
		t.Errorf("another grant is held for dead: %s", a.State)
	}
}

func TestAPastedAddressCompletesASignIn(t *testing.T) {
	t.Parallel()
	s, i := authtest.NewSite(t), newIssuer(t)
	i.configure(s, "pkce")
	in, typed := io.Pipe()
	w := &authtest.Terminal{On: authtest.Address, Act: func(m []string) {
		c := authtest.Browser(t)
		last := ""
		c.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if r.URL.Host == "127.0.0.1" { // nothing listens there: the browser is on another machine
				last = r.URL.String()
				return http.ErrUseLastResponse
			}
			return nil
		}
		_, at := authtest.Get(t, c, m[1])
		res, err := c.PostForm(i.url+"/login/username", url.Values{"id": {at.Query().Get("authRequestID")},
			"username": {user}, "password": {password}})
		if err != nil {
			t.Error(err)
			return
		}
		_ = res.Body.Close()
		_, _ = io.WriteString(typed, last+"\n")
	}}
	got, _, err := s.Login("acme", signin.Options{Paste: true, Terminal: signin.Terminal{In: in, Out: w},
		Timeout: 20 * time.Second})
	if err != nil || got.Account.State != auth.Fresh {
		t.Fatalf("%+v, %v: %s", got, err, w)
	}
}

func TestAnAnswerToAnotherSignInIsRefused(t *testing.T) {
	t.Parallel()
	s, i := authtest.NewSite(t), newIssuer(t)
	i.configure(s, "pkce")
	for name, query := range map[string]string{"foreign state": "code=x&state=foreign", "no state": "code=x"} {
		w := &authtest.Terminal{On: regexp.MustCompile(`redirect_uri=(\S+?)&`), Act: func(m []string) {
			at, _ := url.QueryUnescape(m[1])
			if page, _ := authtest.Get(t, authtest.Browser(t), at+"?"+query); !strings.Contains(page, "still waits") {
				t.Errorf("%s: the page says %q", name, page)
			}
		}}
		_, _, err := s.Login("acme", signin.Options{Terminal: signin.Terminal{Out: w}, Timeout: time.Second})
		authtest.WantCode(t, err, "login-timeout")
		in, typed := io.Pipe()
		go func() { _, _ = io.WriteString(typed, "http://127.0.0.1/callback?"+query+"\n") }()
		_, _, err = s.Login("acme", signin.Options{Paste: true, Terminal: signin.Terminal{In: in}, Timeout: 20 * time.Second})
		authtest.WantCode(t, err, "state-mismatch")
	}
	w := &authtest.Terminal{On: regexp.MustCompile(`redirect_uri=(\S+?)&.*state=([^&\s]+)`), Act: func(m []string) {
		at, _ := url.QueryUnescape(m[1])
		authtest.Get(t, authtest.Browser(t), at+"?error=access_denied&state="+m[2])
	}}
	_, _, err := s.Login("acme", signin.Options{Terminal: signin.Terminal{Out: w}, Timeout: 20 * time.Second})
	authtest.WantCode(t, err, "login-denied")
	if len(s.Accounts()) != 0 {
		t.Error("something was written")
	}
}

func TestAPersonWhoNeverAnswersEndsTheWaiting(t *testing.T) {
	t.Parallel()
	s, i := authtest.NewSite(t), newIssuer(t)
	for _, method := range []string{"pkce", "device_code"} {
		i.configure(s, method)
		_, _, err := s.Login("acme", signin.Options{Timeout: 300 * time.Millisecond})
		authtest.WantCode(t, err, "login-timeout")
	}
	ctx, cancel := context.WithCancel(t.Context())
	w := &authtest.Terminal{On: authtest.Address, Act: func([]string) { cancel() }}
	_, err := signin.Login(ctx, s.Config, s.Env, "acme", signin.Options{Method: "pkce", Terminal: signin.Terminal{Out: w}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Ctrl-C: %v", err)
	}
}

func TestADeviceCodeIsAllowedAndDenied(t *testing.T) {
	t.Parallel()
	for action, code := range map[string]string{"allowed": "", "denied": "login-denied"} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			s, i := authtest.NewSite(t), newIssuer(t)
			i.configure(s, "device_code")
			w := &authtest.Terminal{On: regexp.MustCompile(`enter the code (\S+) there`),
				Act: func(m []string) { i.answerDevice(authtest.Browser(t), m[1], action) }}
			began := time.Now()
			got, _, err := s.Login("acme", signin.Options{Terminal: signin.Terminal{Out: w}, Timeout: 30 * time.Second})
			if took := time.Since(began); took < 5*time.Second {
				t.Errorf("polled after %v: the server's interval is 5 s", took)
			}
			if code != "" {
				authtest.WantCode(t, err, code)
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
	s := authtest.NewSite(t)
	s.Config.Providers = map[string]map[string]any{"acme": {"method": "pkce", "client_id": "x",
		"auth_url": "https://a.example/a", "token_url": "http://a.example/t"}}
	_, _, err := s.Login("acme", signin.Options{})
	authtest.WantCode(t, err, "provider-invalid")
}

func TestATakenCallbackPortIsReported(t *testing.T) {
	t.Parallel()
	s, i := authtest.NewSite(t), newIssuer(t)
	i.configure(s, "pkce")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	s.Config.Providers["acme"]["redirect_url"] = "http://" + l.Addr().String() + "/callback"
	_, _, err = s.Login("acme", signin.Options{})
	authtest.WantCode(t, err, "callback-port-taken")
}

func TestACallbackPortThatIsTakenOnIPv6IsReported(t *testing.T) {
	t.Parallel()
	s, i := authtest.NewSite(t), newIssuer(t)
	i.configure(s, "pkce")
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6 here: ", err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	s.Config.Providers["acme"]["redirect_url"] = "http://localhost:" + port + "/callback"
	_, _, err = s.Login("acme", signin.Options{})
	authtest.WantCode(t, err, "callback-port-taken")
}

func TestAKeyInThePlaceOfItsVariablesNameIsNotRepeated(t *testing.T) {
	t.Parallel()
	const key = "a1B2c3D4e5F6g7H8i9J0"
	_, _, err := authtest.NewSite(t).Login("openai", signin.Options{Env: key})
	if authtest.WantCode(t, err, "credential-input"); strings.Contains(err.Error(), key) {
		t.Errorf("%v", err)
	}
}

func TestAnAPIKeyComesFromAnywhereButAnArgument(t *testing.T) {
	t.Parallel()
	key := "sk-" + authtest.Canary + "-0123456789"
	for name, o := range map[string]signin.Options{
		"stdin":    {Stdin: true, Terminal: signin.Terminal{In: strings.NewReader(key + "\n")}},
		"variable": {Env: "THE_KEY"},
		"file":     {File: "key.txt"},
		"prompt":   {Terminal: signin.Terminal{Secret: func(string) (string, error) { return key, nil }}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := authtest.NewSite(t)
			home := s.Env.Getenv("HOME")
			s.Env.Getenv = func(n string) string { return map[string]string{"HOME": home, "THE_KEY": key}[n] }
			if o.File != "" {
				o.File = s.Put(o.File, key+"\n")
			}
			got, w, err := s.Login("openai", o)
			if err != nil || got.Account.State != auth.Lasting || got.Account.Mode != "0600" {
				t.Fatalf("%+v, %v", got, err)
			}
			if b, _ := os.ReadFile(got.Destination); string(b) != key+"\n" || strings.Contains(w.String(), authtest.Canary) {
				t.Errorf("%q, %s", b, w)
			}
		})
	}
	s := authtest.NewSite(t)
	for name, o := range map[string]signin.Options{
		"nobody to ask": {}, "an empty stdin": {Stdin: true, Terminal: signin.Terminal{In: strings.NewReader("")}},
		"no such variable": {Env: "NOPE"}, "no such file": {File: "/nope"},
		"white space": {Stdin: true, Terminal: signin.Terminal{In: strings.NewReader("two words here\n")}},
	} {
		_, _, err := s.Login("openai", o)
		if authtest.WantCode(t, err, "credential-input"); t.Failed() {
			t.Log(name)
		}
	}
}

func TestAServiceAccountIsKeptAsTheServerWantsIt(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	file := s.Put("sa.json", authtest.Object{"type": "service_account", "project_id": "p", "client_email": "x@p.iam",
		"private_key": "-----BEGIN"})
	got, _, err := s.Login("vertex", signin.Options{File: file})
	if err != nil || got.Account.Provider != "vertex" || got.Account.State != auth.Lasting ||
		s.Read(got.Destination)["project_id"] != "p" {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestACommandSucceedsOnlyWithACredentialFile(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.Config.Providers = map[string]map[string]any{"acme": {"command": []any{"/bin/sh", "-c",
		`echo '{"type":"acme","access_token":"a","refresh_token":"r"}' > {dir}/acme.json`}},
		"liar": {"command": []any{"/bin/true"}}}
	s.Put(".router/auths/.keep", "")
	if got, _, err := s.Login("acme", signin.Options{}); err != nil || got.Account.State != auth.Unknown {
		t.Errorf("%+v, %v", got, err)
	}
	_, _, err := s.Login("liar", signin.Options{})
	authtest.WantCode(t, err, "login-unproven")
}

func TestAnUnknownMethodIsNamed(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	_, _, err := s.Login("openai", signin.Options{Method: "pkcee"})
	authtest.WantCode(t, err, "method-unknown")
	_, _, err = s.Login("openai", signin.Options{Method: "pkce"})
	authtest.WantCode(t, err, "method-unready")
}
func TestAnyPathCanBeTheOneThatTheBrowserComesBackTo(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "/", "/a/", "/{a", "/a%20b"} {
		s, i := authtest.NewSite(t), newIssuer(t)
		i.configure(s, "pkce")
		s.Config.Providers["acme"]["redirect_url"] = "http://127.0.0.1" + path
		stray := 0
		w := &authtest.Terminal{On: authtest.Address, Act: func(m []string) {
			at, _ := url.Parse(m[1])
			back, state := at.Query().Get("redirect_uri"), at.Query().Get("state")
			res, err := http.Get(strings.TrimSuffix(back, "/") + "/other?code=x&state=" + state)
			if err == nil {
				stray = res.StatusCode
				_ = res.Body.Close()
			}
			authtest.Get(t, authtest.Browser(t), back+"?error=access_denied&state="+state)
		}}
		_, _, err := s.Login("acme", signin.Options{Terminal: signin.Terminal{Out: w}, Timeout: 20 * time.Second})
		if authtest.WantCode(t, err, "login-denied"); stray != http.StatusNotFound {
			t.Errorf("%q: another path was answered with %d", path, stray)
		}
	}
}

func TestAProviderThatDropsTheConnectionIsReported(t *testing.T) {
	t.Parallel()
	s, i := authtest.NewSite(t), newIssuer(t)
	i.configure(s, "pkce")
	drops := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = c.Close()
		}
	}))
	defer drops.Close()
	s.Config.Providers["acme"]["token_url"] = drops.URL + "/token"
	w := &authtest.Terminal{On: authtest.Address, Act: func(m []string) { i.signIn(authtest.Browser(t), m[1]) }}
	_, _, err := s.Login("acme", signin.Options{Terminal: signin.Terminal{Out: w}, Timeout: 20 * time.Second})
	authtest.WantCode(t, err, "login-failed")
	if len(s.Accounts()) > 0 {
		t.Error("something was written")
	}
}
