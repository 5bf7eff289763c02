package litellm_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// googleTokens is a double of Google's token service, for the service account whose key is in keyFile.
type googleTokens struct {
	keyFile string
	address string
	key     *rsa.PrivateKey

	mu    sync.Mutex
	asked map[string]bool // questions, without times
}

// startGoogleTokens runs a token service until the test ends.
func startGoogleTokens(t *testing.T) *googleTokens {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	check(t, err)
	g := &googleTokens{keyFile: filepath.Join(t.TempDir(), "account.json"), key: key, asked: map[string]bool{}}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	g.address = server.URL + "/token"
	der, err := x509.MarshalPKCS8PrivateKey(key)
	check(t, err)
	text, err := json.Marshal(map[string]string{"type": "service_account", "project_id": "of-the-key", "private_key_id": "k1",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "client_id": "1",
		"client_email": "flowgate@of-the-key.iam.gserviceaccount.com", "token_uri": g.address})
	check(t, err)
	check(t, os.WriteFile(g.keyFile, text, 0o600))
	return g
}

// ServeHTTP gives a token for an assertion whose signature is right.
func (g *googleTokens) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm() // what it lacks shows in the answer
	question, err := g.read(r)
	g.mu.Lock()
	if err != nil {
		question = err.Error()
	}
	g.asked[question] = true
	g.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"invalid_grant"}`)
		return
	}
	fmt.Fprint(w, `{"access_token":"ya29.of-the-account","token_type":"Bearer","expires_in":3599}`)
}

// read returns what a request asks for: all but the times at which it does.
func (g *googleTokens) read(r *http.Request) (string, error) {
	assertion := r.PostForm.Get("assertion")
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		return "", fmt.Errorf("the assertion has %d parts", len(parts))
	}
	proof, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return "", err
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(&g.key.PublicKey, crypto.SHA256, digest[:], proof); err != nil {
		return "", err
	}
	var head, claims map[string]any
	for i, into := range []*map[string]any{&head, &claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			return "", err
		}
		if err := json.Unmarshal(text, into); err != nil {
			return "", err
		}
	}
	end, _ := claims["exp"].(float64)
	start, _ := claims["iat"].(float64)
	// Python's library names Google's own address whatever token_uri says, Go's the latter: in a real key, they are the same.
	if aud := claims["aud"]; aud != g.address && aud != "https://oauth2.googleapis.com/token" {
		return "", fmt.Errorf("the assertion is for %v", aud)
	}
	delete(claims, "aud")
	delete(claims, "exp")
	delete(claims, "iat")
	return fmt.Sprint(r.Method, " ", r.URL.Path, " ", r.PostForm.Get("grant_type"), " ", head, " ", claims, " for ", end-start, " s"), nil
}

// take returns the questions since the last call, sorted.
func (g *googleTokens) take() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var lines []string
	for question := range g.asked {
		lines = append(lines, question)
	}
	clear(g.asked)
	return joinSorted(lines)
}
