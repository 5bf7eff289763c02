package vertex_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/renewal"
	"github.com/flowgate-go/flowgate/internal/router/vertex"
)

// serviceKey is the key of every service account here: to make one takes long.
var serviceKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// serviceAccount returns the JSON of a service account whose tokens come from address.
func serviceAccount(t *testing.T, address string) string {
	t.Helper()
	key, err := serviceKey()
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]string{"type": "service_account", "project_id": "proj", "client_email": "a@b.c",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "token_uri": address})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// authorize returns what a request gets.
func authorize(t *testing.T, tokens *vertex.Tokens, now time.Time) (string, error) {
	t.Helper()
	header := http.Header{}
	err := tokens.Authorize(t.Context(), now, nil, nil, header)
	if err != nil && len(header) > 0 {
		t.Errorf("without a token, the header is %v", header)
	}
	return header.Get("Authorization"), err
}

func TestATokenOfAServiceAccountIsKeptAndRenewed(t *testing.T) {
	t.Parallel()
	given := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm() // what it lacks shows below
		parts := strings.Split(r.PostForm.Get("assertion"), ".")
		claims, _ := base64.RawURLEncoding.DecodeString(parts[min(1, len(parts)-1)])
		if r.PostForm.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" ||
			!strings.Contains(string(claims), `"iss":"a@b.c"`) || !strings.Contains(string(claims), "cloud-platform") {
			t.Errorf("%v with the claims %s", r.PostForm, claims)
		}
		given++
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":"token-%d","token_type":"Bearer","expires_in":3600}`, given)
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "sa.json")
	if err := os.WriteFile(file, []byte(serviceAccount(t, server.URL)), 0o600); err != nil {
		t.Fatal(err)
	}
	tokens, now := vertex.New(vertex.Access{Credentials: file}), time.Now()
	for _, c := range []struct {
		after time.Duration
		want  string
	}{{0, "Bearer token-1"}, {50 * time.Minute, "Bearer token-1"}, {56 * time.Minute, "Bearer token-2"}} {
		if got, err := authorize(t, tokens, now.Add(c.after)); got != c.want || err != nil {
			t.Errorf("after %v: %q, %v", c.after, got, err)
		}
	}
	if !tokens.Forget() {
		t.Error("another token may be had")
	}
	if got, err := authorize(t, tokens, now); got != "Bearer token-3" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// userSignIn has what gcloud auth application-default login writes.
const userSignIn = `{"type":"authorized_user","client_id":"id","client_secret":"CANARY-client","refresh_token":"CANARY-refresh",
	"account":"","universe_domain":"googleapis.com","quota_project_id":"proj","token_uri":%q}`

func TestASignInOfAUserGivesTokens(t *testing.T) {
	t.Parallel()
	given, refusal := 0, ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm() // what it lacks shows below
		id, secret, isBasic := r.BasicAuth()
		if !isBasic {
			id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
		}
		if r.PostForm.Get("grant_type") != "refresh_token" || r.PostForm.Get("refresh_token") != "CANARY-refresh" ||
			id != "id" || secret != "CANARY-client" {
			t.Errorf("%v", r.PostForm)
		}
		w.Header().Set("Content-Type", "application/json")
		if refusal != "" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, refusal)
			return
		}
		given++
		fmt.Fprintf(w, `{"access_token":"user-%d","token_type":"Bearer","expires_in":3599,"scope":"x"}`, given)
	}))
	defer server.Close()
	text := fmt.Sprintf(userSignIn, server.URL)
	if got := vertex.ProjectOf([]byte(text)); got != "proj" {
		t.Errorf("the project is %q", got)
	}
	tokens, now := vertex.New(vertex.Access{Credentials: text}), time.Now()
	for _, c := range []struct {
		after time.Duration
		want  string
	}{{0, "Bearer user-1"}, {50 * time.Minute, "Bearer user-1"}, {56 * time.Minute, "Bearer user-2"}} {
		if got, err := authorize(t, tokens, now.Add(c.after)); got != c.want || err != nil {
			t.Errorf("after %v: %q, %v", c.after, got, err)
		}
	}
	tokens.Forget()
	refusal = `{"error":"invalid_grant","error_description":"Token has been expired or revoked."}`
	_, err := authorize(t, tokens, now)
	if err == nil || !strings.Contains(err.Error(), "type gcloud auth application-default login") || strings.Contains(err.Error(), "CANARY") {
		t.Errorf("%v", err)
	}
}

func TestAWorkloadIdentityIsExchanged(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm() // what it lacks shows below
		if r.PostForm.Get("subject_token") != "of-the-pod" || r.PostForm.Get("audience") != "//iam/pool" {
			t.Errorf("%v", r.PostForm)
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token":"workload","token_type":"Bearer","expires_in":3600,"issued_token_type":"x"}`)
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("of-the-pod"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`{"type":"external_account","audience":"//iam/pool","subject_token_type":"urn:ietf:params:oauth:token-type:jwt",
		"token_url":%q,"credential_source":{"file":%q}}`, server.URL, file)
	if got, err := authorize(t, vertex.New(vertex.Access{Credentials: text}), time.Now()); got != "Bearer workload" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// TestAProofGoesToGoogleOnly: a credential file that came with a checkout names a file of the user's and an
// address of somebody's.
func TestAProofGoesToGoogleOnly(t *testing.T) {
	t.Parallel()
	workload := func(members string) string {
		return `{"type":"external_account","audience":"//iam/pool","subject_token_type":"urn:ietf:params:oauth:token-type:jwt",
			"credential_source":{"file":"/etc/hostname"},` + members + `}`
	}
	for name, c := range map[string]struct {
		text      string
		isRefused bool
	}{
		"another host":           {workload(`"token_url":"https://evil.invalid/t"`), true},
		"a name in another case": {workload(`"Token_URL":"https://evil.invalid/t"`), true},
		"the second of two":      {workload(`"token_url":"https://sts.googleapis.com/v1/token","token_url":"https://evil.invalid/t"`), true},
		"no address":             {workload(`"token_url":"http://%zz"`), true},
		"a similar host":         {workload(`"token_url":"https://evil-googleapis.com/t"`), true},
		"a name before the host": {workload(`"token_url":"https://sts.googleapis.com@evil.invalid/t"`), true},
		"in the clear":           {workload(`"token_url":"http://sts.googleapis.com/t"`), true},
		"another universe":       {workload(`"universe_domain":"evil.invalid"`), true},
		"another impersonation": {workload(`"token_url":"http://127.0.0.1:1/t","service_account_impersonation_url":` +
			`"https://evil.invalid/t"`), true},
		"within another": {`{"type":"impersonated_service_account","service_account_impersonation_url":"http://127.0.0.1:1/t",` +
			`"source_credentials":` + workload(`"token_url":"https://evil.invalid/t"`) + `}`, true},
		"a source that stands twice": {`{"type":"impersonated_service_account","service_account_impersonation_url":"http://127.0.0.1:1/t",` +
			`"source_credentials":` + workload(`"token_url":"https://evil.invalid/t"`) + `,"source_credentials":{"client_id":"x"}}`, true},
		"this machine": {workload(`"token_url":"http://127.0.0.1:1/t"`), false},
	} {
		_, err := authorize(t, vertex.New(vertex.Access{Credentials: c.text}), time.Now())
		if err == nil || strings.Contains(err.Error(), "which is not Google's") != c.isRefused {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatIsWrongWithCredentialsIsSaid(t *testing.T) {
	t.Parallel()
	answer := func(status int, body string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}))
		t.Cleanup(server.Close)
		return serviceAccount(t, server.URL)
	}
	const secret = "CANARY-private"
	for name, c := range map[string]struct {
		credentials string
		want        string
		isTemporary bool
	}{
		"a file that is not there": {"/nowhere/sa.json", "vertex_credentials names cannot be read", false},
		"no JSON":                  {`{"private_key": "` + secret, "not valid JSON", false},
		"another type":             {`{"type":"` + "robot" + `","private_key":"` + secret + `"}`, "cannot be used", false},
		"a key that is no key":     {`{"type":"service_account","client_email":"a","private_key":"` + secret + `","token_uri":"http://127.0.0.1:1"}`, "", true},
		"revoked": {answer(400, `{"error":"invalid_grant","error_description":"Token has been expired or revoked."}`),
			"expired or were revoked", false},
		"a wrong clock": {answer(400, `{"error":"invalid_grant","error_description":"Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."}`),
			"clock is wrong", false},
		"an outage": {answer(503, `{}`), "gives no token", true},
		"nobody":    {serviceAccount(t, "http://127.0.0.1:1/token"), "cannot be reached", true},
	} {
		_, err := authorize(t, vertex.New(vertex.Access{Credentials: c.credentials}), time.Now())
		e := (*renewal.Error)(nil)
		if !errors.As(err, &e) || e.IsTemporary != c.isTemporary || !strings.Contains(err.Error(), c.want) ||
			strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "assertion") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLocationsHaveAddresses(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]string{"us-east5": "https://us-east5-aiplatform.googleapis.com",
		"global": "https://aiplatform.googleapis.com", "eu": "https://aiplatform.eu.rep.googleapis.com",
		"x.evil.com/": "", "": "", "US": ""} {
		if got, ok := vertex.BaseURL(location); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", location, got, ok)
		}
	}
	for text, want := range map[string]string{`{"quota_project_id":"q"}`: "q", `{"project_id":"p","quota_project_id":"q"}`: "p", `{`: ""} {
		if got := vertex.ProjectOf([]byte(text)); got != want {
			t.Errorf("%s: the project is %q", text, got)
		}
	}
}

func TestTheAddressesOfGooglesTokenServices(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{"https://sts.googleapis.com/v1/token": true, "https://googleapis.com": true,
		"https://IAMCREDENTIALS.googleapis.com/v1/x": true, "http://sts.googleapis.com": false, "https://evilgoogleapis.com": false,
		"https://googleapis.com.evil.invalid": false, "http://localhost:1": true, "https://[::1]/": true, "http://%zz": false, "": false} {
		if got := vertex.IsGoogles(address); got != want {
			t.Errorf("%q: %v", address, got)
		}
	}
}
