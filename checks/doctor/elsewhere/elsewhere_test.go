package elsewhere_test

import (
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
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor"
	"github.com/flowgate-go/flowgate/checks/doctor/elsewhere"
	"github.com/flowgate-go/flowgate/internal/loopback"
	"github.com/flowgate-go/flowgate/internal/remote"
	"github.com/flowgate-go/flowgate/internal/report"
)

// gateway is a router elsewhere: what it answers by path, and the paths at which it got a key.
type gateway struct {
	answers map[string]http.HandlerFunc
	mutex   sync.Mutex
	keyed   []string
}

// text answers with a text.
func text(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// newGateway returns a router that is well.
func newGateway() *gateway {
	return &gateway{answers: map[string]http.HandlerFunc{
		"/health/liveliness": text(200, `"I'm alive!"`), "/health/readiness": text(200, `{}`),
		"/v1/models":          text(200, `{"data":[{"id":"a"},{"id":"b"}]}`),
		"/health/deployments": text(200, `{"deployments":2,"available":2,"cooling":[],"unavailable_groups":[]}`),
	}}
}

// ServeHTTP implements http.Handler.
func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "" {
		g.mutex.Lock()
		g.keyed = append(g.keyed, r.URL.Path)
		g.mutex.Unlock()
	}
	answer := g.answers[r.URL.Path]
	if answer == nil {
		answer = text(404, "{}")
	}
	answer(w, r)
}

// examine runs doctor's checks on a router at an address and returns the results by ID.
func examine(t *testing.T, url, ca string) map[string]report.Result {
	t.Helper()
	r, err := remote.Open(remote.Options{URL: url, CAFile: ca, Getenv: func(name string) string {
		return map[string]string{remote.KeyVariable: "sk-key"}[name]
	}})
	if err != nil {
		t.Fatal(err)
	}
	client := r.Client(nil, loopback.Options{})
	defer client.CloseIdleConnections()
	list := elsewhere.Checks(r, client, time.Now, doctor.List())
	found := map[string]report.Result{}
	for _, result := range checks.Run(t.Context(), list, checks.Options{}) {
		found[result.ID] = result
	}
	return found
}

// examinePlain is examine for a router on this machine.
func examinePlain(t *testing.T, g *gateway) map[string]report.Result {
	t.Helper()
	s := httptest.NewServer(g)
	defer s.Close()
	return examine(t, s.URL, "")
}

// reason returns the sentence of a result.
func reason(r report.Result) string {
	if d, ok := r.Detail.(report.Reasoned); ok {
		return d.Reason()
	}
	return ""
}

var asked = []string{"services.live", "services.ready", "models.served", "deployments.available", "clock.right"}

func TestWhatNeedsNoFileIsAskedAndTheRestSaysWhyNot(t *testing.T) {
	t.Parallel()
	g := newGateway()
	found := examinePlain(t, g)
	for _, id := range asked {
		if found[id].Status != report.Pass {
			t.Errorf("%s: %s, %s", id, found[id].Status, reason(found[id]))
		}
		delete(found, id)
	}
	if r := found["quota.left"]; r.Status != report.Skip || !strings.Contains(reason(r), "no quota windows") {
		t.Errorf("%+v", r)
	}
	delete(found, "quota.left")
	if len(found) < 50 {
		t.Errorf("%d other checks", len(found))
	}
	for id, r := range found {
		if r.Status != report.Skip || reason(r) != "needs the installation's files" {
			t.Errorf("%s: %s, %q", id, r.Status, reason(r))
		}
	}
	for _, path := range g.keyed {
		if path != "/v1/models" && path != "/health/deployments" {
			t.Errorf("%s got the key", path)
		}
	}
}

func TestEachThingThatIsWrongIsFound(t *testing.T) {
	t.Parallel()
	hour := time.Now().Add(time.Hour)
	for name, c := range map[string]struct {
		path   string
		answer http.HandlerFunc
		id     string
		status report.Status
		text   string
	}{
		"a page to sign in at": {"/health/liveliness", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://login.example/", http.StatusFound)
		}, "services.live", report.Fail, "https://login.example/"},
		"a proxy without a router": {"/health/liveliness", text(502, ""), "services.live", report.Fail, "502"},
		"not ready":                {"/health/readiness", text(503, "{}"), "services.ready", report.Fail, "503"},
		"another server":           {"/health/readiness", nil, "services.ready", report.Skip, "has no /health/readiness"},
		"another key":              {"/v1/models", text(401, "{}"), "models.served", report.Fail, "refuses the key with 401"},
		"a web page":               {"/v1/models", text(200, "<html>"), "models.served", report.Fail, "another server"},
		"no model":                 {"/v1/models", text(200, `{"data":[]}`), "models.served", report.Fail, "lists no model"},
		"a named key":              {"/health/deployments", text(403, "{}"), "deployments.available", report.Skip, "403"},
		"LiteLLM":                  {"/health/deployments", nil, "deployments.available", report.Skip, "404"},
		"a group that is down": {"/health/deployments", text(200, `{"deployments":1,"cooling":[],"unavailable_groups":["a"]}`),
			"deployments.available", report.Fail, "no deployment is available of a"},
		"a quota that is used up": {"/health/deployments", text(200, `{"deployments":1,"cooling":[],"unavailable_groups":[],"quota":`+
			`[{"name":"5h","provider":"claude","length_s":18000,"status":"rejected","used_share":1,"resets_at":"`+
			hour.UTC().Format(time.RFC3339)+`"}]}`), "quota.left", report.Warn, "is used up"},
		"a clock that is wrong": {"/health/liveliness", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", time.Now().Add(10*time.Minute).UTC().Format(http.TimeFormat))
		}, "clock.right", report.Fail, "differs by"},
	} {
		g := newGateway()
		if g.answers[c.path] = c.answer; c.answer == nil {
			delete(g.answers, c.path)
		}
		if r := examinePlain(t, g)[c.id]; r.Status != c.status || !strings.Contains(reason(r), c.text) {
			t.Errorf("%s: %s is %s, %q", name, c.id, r.Status, reason(r))
		}
	}
}

func TestACertificateThatEndsSoonIsReported(t *testing.T) {
	t.Parallel()
	for left, want := range map[time.Duration]report.Status{13 * 24 * time.Hour: report.Warn, 15 * 24 * time.Hour: report.Pass} {
		url, ca := serveTLS(t, left)
		found := examine(t, url, ca)
		r := found["services.live"]
		seen, _ := r.Detail.(elsewhere.Seen)
		if r.Status != want || seen.TLS != "TLS 1.3" || seen.ValidUntil == nil || found["models.served"].Status != report.Pass {
			t.Errorf("%s: %+v", left, r)
		}
	}
	url, _ := serveTLS(t, time.Hour)
	if r := examine(t, url, "")["services.live"]; r.Status != report.Fail || !strings.Contains(reason(r), "authority") ||
		!strings.Contains(r.Fix.Text, "-ca-file") {
		t.Errorf("%+v", r)
	}
}

// serveTLS serves a router that is well with a certificate that ends soon, and returns its address and authority.
func serveTLS(t *testing.T, left time.Duration) (url, ca string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(left), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(newGateway())
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // a refused handshake is what one case is about
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	s.StartTLS()
	t.Cleanup(s.Close)
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return s.URL, ca
}
