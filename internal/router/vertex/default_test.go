package vertex_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/vertex"
)

// workload is a credential that sends the content of a file to an address.
const workload = `{"type":"external_account","audience":"//iam/pool","subject_token_type":"urn:ietf:params:oauth:token-type:jwt",
	"token_url":%q,"credential_source":{"file":%q}}`

// write writes a file, and the folders above it.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestWithoutCredentialsInTheEntryTheDefaultOnesCount(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm() // what it lacks shows below
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3599}`, "of"+r.URL.Path)
	}))
	defer server.Close()
	home := t.TempDir()
	const file = "application_default_credentials.json"
	write(t, filepath.Join(home, "named.json"), fmt.Sprintf(userSignIn, server.URL+"/variable"))
	write(t, filepath.Join(home, ".config", "gcloud", file), fmt.Sprintf(userSignIn, server.URL+"/gcloud"))
	write(t, filepath.Join(home, "moved", file), fmt.Sprintf(userSignIn, server.URL+"/moved"))
	evil := fmt.Sprintf(workload, "https://evil.invalid/t", filepath.Join(home, "named.json"))
	write(t, filepath.Join(home, "evil", file), evil)
	write(t, filepath.Join(home, "folder", file, "x"), "")
	write(t, filepath.Join(home, "text"), `{"private_key":"CANARY`)
	for name, c := range map[string]struct {
		env  map[string]string
		want string // the header, or a part of the error
	}{
		"gcloud's":            {nil, "Bearer of/gcloud"},
		"gcloud's, elsewhere": {map[string]string{"CLOUDSDK_CONFIG": filepath.Join(home, "moved")}, "Bearer of/moved"},
		"a variable's, before gcloud's": {map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": filepath.Join(home, "named.json")},
			"Bearer of/variable"},
		"a file that is gone": {map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": filepath.Join(home, "gone.json")},
			"GOOGLE_APPLICATION_CREDENTIALS names cannot be read"},
		"no JSON": {map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": filepath.Join(home, "text")},
			"GOOGLE_APPLICATION_CREDENTIALS is not valid JSON"},
		"a variable's that goes elsewhere": {map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": filepath.Join(home, "evil", file)},
			`GOOGLE_APPLICATION_CREDENTIALS would send its proof to "evil.invalid"`},
		"gcloud's that goes elsewhere": {map[string]string{"CLOUDSDK_CONFIG": filepath.Join(home, "evil")},
			`gcloud's application default credentials would send its proof to "evil.invalid"`},
		"a folder": {map[string]string{"CLOUDSDK_CONFIG": filepath.Join(home, "folder")}, "cannot be read"},
	} {
		got, err := authorize(t, vertex.New(vertex.Access{Getenv: func(name string) string {
			if name == "HOME" {
				return home
			}
			return c.env[name]
		}}), time.Now())
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, c.want) || strings.Contains(got, "CANARY") || (err == nil) != strings.HasPrefix(c.want, "Bearer") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestTheMachinesAccountComesLast changes the environment of the process, so it is not parallel: the
// library reads the address of a machine's metadata there, once.
func TestTheMachinesAccountComesLast(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Metadata-Flavor") != "Google" || !strings.Contains(r.URL.Query().Get("scopes"), "cloud-platform") {
			t.Errorf("asked %s with %v", r.URL, r.Header)
		}
		fmt.Fprint(w, `{"access_token":"machine","token_type":"Bearer","expires_in":3599}`)
	}))
	defer server.Close()
	t.Setenv("GCE_METADATA_HOST", strings.TrimPrefix(server.URL, "http://"))
	t.Setenv("HOME", t.TempDir())
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
	t.Setenv("CLOUDSDK_CONFIG", "")
	if got, err := authorize(t, vertex.New(vertex.Access{}), time.Now()); got != "Bearer machine" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// TestACredentialExecutesNothing has a credential that names a program, which Google's library executes
// only if the environment of the process says so.
func TestACredentialExecutesNothing(t *testing.T) {
	t.Parallel()
	ran := filepath.Join(t.TempDir(), "ran")
	text := `{"type":"external_account","audience":"//iam/pool","subject_token_type":"urn:ietf:params:oauth:token-type:jwt",
		"token_url":"http://127.0.0.1:1/t","credential_source":{"executable":{"command":"touch ` + ran + `","timeout_millis":5000}}}`
	file := filepath.Join(t.TempDir(), "credentials.json")
	write(t, file, text)
	for name, access := range map[string]vertex.Access{"written": {Credentials: text}, "a file's": {Credentials: file},
		"the default ones": {Getenv: func(name string) string {
			return map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": file, "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES": "1"}[name]
		}}} {
		_, err := authorize(t, vertex.New(access), time.Now())
		if _, missing := os.Stat(ran); err == nil || !os.IsNotExist(missing) || !strings.Contains(err.Error(), "xecutables need to be explicitly allowed") {
			t.Errorf("%s: %v, %v", name, err, missing)
		}
	}
}
