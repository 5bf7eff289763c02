package remote_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/loopback"
	"github.com/flowgate-go/flowgate/internal/remote"
	"github.com/flowgate-go/flowgate/internal/rightstest"
)

// env returns an environment.
func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheKeyComesFromOneOfThreePlaces(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]remote.Options{
		"the usual variable": {Getenv: env(remote.KeyVariable, "sk-right")},
		"another variable":   {KeyEnv: "OTHER", Getenv: env(remote.KeyVariable, "sk-wrong", "OTHER", " sk-right\n")},
		"a file":             {KeyFile: writeFile(t, "sk-right\n"), Getenv: env(remote.KeyVariable, "sk-wrong")},
	} {
		o.URL = "https://gateway.example/prefix/v1/"
		r, err := remote.Open(o)
		if err != nil || r.Key != "sk-right" || r.URL != "https://gateway.example/prefix" {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func TestWhatIsNotSafeOrNotComplete(t *testing.T) {
	t.Parallel()
	const secret = "sk-canary-0123456789"
	given := env(remote.KeyVariable, secret)
	for name, c := range map[string]struct {
		o    remote.Options
		code string
	}{
		"plain http to another machine": {remote.Options{URL: "http://10.0.0.1:4000", Getenv: given}, "key-unprotected"},
		"plain http to a name":          {remote.Options{URL: "http://localhost.example", Getenv: given}, "key-unprotected"},
		"every address":                 {remote.Options{URL: "http://0.0.0.0:4000", Getenv: given}, "key-unprotected"},
		"another scheme":                {remote.Options{URL: "ftp://x", Getenv: given}, "url-invalid"},
		"no scheme":                     {remote.Options{URL: "gateway.example:4000", Getenv: given}, "url-invalid"},
		"no host":                       {remote.Options{URL: "https://:4000", Getenv: given}, "url-invalid"},
		"a password in it":              {remote.Options{URL: "https://u:" + secret + "@h.example", Getenv: given}, "url-invalid"},
		"a key in its query":            {remote.Options{URL: "https://h.example?key=" + secret, Getenv: given}, "url-invalid"},
		"no key":                        {remote.Options{URL: "https://h.example", Getenv: env()}, "key-missing"},
		"an empty variable":             {remote.Options{URL: "https://h.example", KeyEnv: "X", Getenv: given}, "key-missing"},
		"two sources": {remote.Options{URL: "https://h.example", KeyEnv: remote.KeyVariable, KeyFile: "x",
			Getenv: given}, "key-sources"},
		"no such file": {remote.Options{URL: "https://h.example", KeyFile: "/no/such", Getenv: given}, "key-unreadable"},
		"a folder":     {remote.Options{URL: "https://h.example", KeyFile: "/", Getenv: given}, "key-unreadable"},
		"two lines":    {remote.Options{URL: "https://h.example", KeyFile: writeFile(t, "a\nb"), Getenv: given}, "key-unreadable"},
		"a header in it": {remote.Options{URL: "https://h.example", Getenv: env(remote.KeyVariable, "sk\r\nX: "+secret)},
			"key-invalid"},
		"a sentence": {remote.Options{URL: "https://h.example", Getenv: env(remote.KeyVariable, "the key "+secret)}, "key-invalid"},
		"no authority": {remote.Options{URL: "https://h.example", CAFile: writeFile(t, "text"), Getenv: given},
			"ca-file-invalid"},
	} {
		_, err := remote.Open(c.o)
		f := fault.From(err)
		if f == nil || f.Code != c.code || f.Exit != fault.ExitUsage || f.Hint == "" {
			t.Errorf("%s: %+v", name, f)
		} else if strings.Contains(f.Message+f.Hint, "canary") {
			t.Errorf("%s shows the key: %+v", name, f)
		}
	}
	for _, url := range []string{"http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1", "https://h.example"} {
		if _, err := remote.Open(remote.Options{URL: url, Getenv: given}); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	if _, err := remote.Open(remote.Options{URL: "http://10.0.0.1:4000", Plain: true, Getenv: given}); err != nil {
		t.Errorf("allowed: %v", err)
	}
}

// ask asks for a path with the client of a router, and returns the reply's text.
func ask(t *testing.T, o remote.Options, own ...string) (string, error) {
	t.Helper()
	o.Getenv = env(remote.KeyVariable, "sk-own")
	r, err := remote.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.URL+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.Key)
	client := r.Client(own, loopback.Options{})
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return string(body), err
}

func TestTheOwnKeyGoesOverPlainHTTPToAProcessOfThisUserOnly(t *testing.T) {
	t.Parallel()
	theirs := rightstest.OtherListens(t, "127.0.0.1", 0)
	url := "http://" + theirs.Addr
	_, err := ask(t, remote.Options{URL: url}, "sk-own")
	if reason, advice := remote.Explain(err); !strings.Contains(reason, "user") || !strings.Contains(advice, "-insecure-plain") {
		t.Errorf("%q, %q, %v", reason, advice, err)
	}
	if heard := theirs.Heard(); strings.Contains(heard, "sk-own") {
		t.Errorf("the other user heard %q", heard)
	}
	if got, err := ask(t, remote.Options{URL: url, Plain: true}, "sk-own"); err != nil || got != "{}" {
		t.Errorf("allowed: %q, %v", got, err)
	}
	if got, err := ask(t, remote.Options{URL: url}, "sk-another"); err != nil || got != "{}" {
		t.Errorf("a key that is not this installation's: %q, %v", got, err)
	}
}

// serveTLS serves with a certificate for a name, and returns the address and the file of its authority.
func serveTLS(t *testing.T, change func(*x509.Certificate)) (url, ca string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	change(template)
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Header.Get("Authorization"))
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are what the test is about
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL, writeFile(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
}

func TestTheCertificateDecidesWhoGetsTheKey(t *testing.T) {
	t.Parallel()
	good, ca := serveTLS(t, func(*x509.Certificate) {})
	if got, err := ask(t, remote.Options{URL: good, CAFile: ca}, "sk-own"); err != nil || got != "Bearer sk-own" {
		t.Errorf("%q, %v", got, err)
	}
	for want, of := range map[string]func() remote.Options{
		"an authority that this machine does not know": func() remote.Options { return remote.Options{URL: good} },
		"is for gateway.example, not for 127.0.0.1": func() remote.Options {
			url, ca := serveTLS(t, func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"gateway.example"} })
			return remote.Options{URL: url, CAFile: ca}
		},
		"its certificate is valid from": func() remote.Options {
			url, ca := serveTLS(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
			return remote.Options{URL: url, CAFile: ca}
		},
		"it speaks plain http": func() remote.Options {
			s := httptest.NewServer(http.NotFoundHandler())
			t.Cleanup(s.Close)
			return remote.Options{URL: strings.Replace(s.URL, "http:", "https:", 1)}
		},
		"nothing listens there": func() remote.Options {
			s := httptest.NewServer(http.NotFoundHandler())
			s.Close()
			return remote.Options{URL: s.URL}
		},
	} {
		got, err := ask(t, of())
		if reason, advice := remote.Explain(err); got != "" || !strings.Contains(reason, want) || advice == "" {
			t.Errorf("%s: %q, %q, %q, %v", want, got, reason, advice, err)
		}
	}
	if reason, _ := remote.Explain(context.DeadlineExceeded); reason != "it did not answer in time" {
		t.Errorf("%q", reason)
	}
}

func TestARedirectIsNamedAndItsQueryIsNot(t *testing.T) {
	t.Parallel()
	header := http.Header{"Location": {"https://login.example/start?state=secret"}}
	reason, advice := remote.ExplainRedirect(302, header)
	if !strings.Contains(reason, "https://login.example/start") || strings.Contains(reason, "secret") || advice == "" {
		t.Errorf("%q, %q", reason, advice)
	}
	for status, header := range map[int]http.Header{200: header, 302: {}, 404: header} {
		if reason, _ := remote.ExplainRedirect(status, header); reason != "" {
			t.Errorf("%d: %q", status, reason)
		}
	}
}
