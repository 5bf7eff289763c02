package litellm_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// captured is one request as a provider would have got it.
type captured struct {
	method string
	url    string // with scheme and host
	header http.Header
	body   []byte
}

// capture is a forward proxy that answers every request itself, also those inside of TLS,
// and keeps them by the marks m-NUMBER in them.
type capture struct {
	url      string // of the proxy
	authFile string // certificate of the authority that its clients must trust

	key   *ecdsa.PrivateKey
	root  *x509.Certificate
	mu    sync.Mutex
	calls map[string][]captured
	leafs map[string]*tls.Certificate
}

// startCapture runs a capturing proxy until the test ends.
func startCapture(t *testing.T) *capture {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "capture"}, IsCA: true,
		BasicConstraintsValid: true, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	check(t, err)
	root, err := x509.ParseCertificate(der)
	check(t, err)
	c := &capture{key: key, root: root, calls: map[string][]captured{}, leafs: map[string]*tls.Certificate{},
		authFile: filepath.Join(t.TempDir(), "authority.pem")}
	check(t, os.WriteFile(c.authFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	server := httptest.NewServer(http.HandlerFunc(c.serve))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

// serve answers a request to the proxy.
func (c *capture) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		c.answer(w, r, r.URL.String())
		return
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n") // an error shows in the next read
	c.serveTLS(conn, r.URL.Hostname())
}

// serveTLS answers the requests of one tunnel to a host.
func (c *capture) serveTLS(conn net.Conn, host string) {
	secure := tls.Server(conn, &tls.Config{NextProtos: []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.leaf(host) }})
	defer secure.Close()
	in := bufio.NewReader(secure)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		w := httptest.NewRecorder()
		c.answer(w, r, "https://"+host+r.URL.RequestURI())
		if w.Result().Write(secure) != nil {
			return
		}
	}
}

// leaf returns a certificate for a host.
func (c *capture) leaf(host string) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if leaf := c.leafs[host]; leaf != nil {
		return leaf, nil
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(int64(len(c.leafs) + 2)), DNSNames: []string{host},
		Subject: pkix.Name{CommonName: "provider"}, NotBefore: c.root.NotBefore, NotAfter: c.root.NotAfter,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, KeyUsage: x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, template, c.root, &c.key.PublicKey, c.key)
	if err != nil {
		return nil, err
	}
	c.leafs[host] = &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: c.key}
	return c.leafs[host], nil
}

// mark is what tells the cases apart.
var mark = regexp.MustCompile(`m-\d+\b`)

// answer keeps a request and answers with an error that nobody repeats.
func (c *capture) answer(w http.ResponseWriter, r *http.Request, url string) {
	body, _ := io.ReadAll(r.Body) // what was read is compared
	if id := mark.FindString(url + " " + string(body)); id != "" {
		c.mu.Lock()
		c.calls[id] = append(c.calls[id], captured{r.Method, url, r.Header, body})
		c.mu.Unlock()
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", fmt.Sprint(len(refusal)))
	w.WriteHeader(http.StatusBadRequest)
	_, _ = io.Copy(w, bytes.NewReader(refusal)) // an error means that the client left
}

// refusal is what every request gets.
var refusal = []byte(`{"error":{"message":"captured","type":"invalid_request_error","code":"400"}}`)

// firstRequest returns the first request of a case that is not a question about the model; ok is
// false when none came.
func (c *capture) firstRequest(number int) (first captured, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, call := range c.calls[fmt.Sprint("m-", number)] {
		if call.method == http.MethodPost && !strings.HasSuffix(call.url, "/api/show") {
			return call, true
		}
	}
	return captured{}, false
}

// keyHeaders returns the headers that hold the key, as "name: value", sorted.
func keyHeaders(h http.Header) string {
	var lines []string
	for name, values := range h {
		for _, v := range values {
			if strings.Contains(v, providerKey) {
				lines = append(lines, strings.ToLower(name)+": "+v)
			}
		}
	}
	return joinSorted(lines)
}
