package aws_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/aws"
)

// TestContainersOfAWSAreAskedByTheVariablesOfAWS has a double in the place of every metadata service, which
// gives its Host and path as the access key.
func TestContainersOfAWSAreAskedByTheVariablesOfAWS(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var asked string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = fmt.Sprint(r.Method, " ", r.Host, r.URL, " ", r.Header.Get("Authorization"))
		if _, has := r.Header["Authorization"]; has && r.Header.Get("Authorization") == "" {
			asked += "an empty token"
		}
		mu.Unlock()
		switch {
		case strings.HasSuffix(r.URL.Path, "/outage"):
			w.WriteHeader(http.StatusServiceUnavailable)
		case strings.HasSuffix(r.URL.Path, "/empty"):
			fmt.Fprint(w, `{"AccessKeyId":"ASIACONTAINER","Token":"t"}`)
		default:
			fmt.Fprint(w, `{"AccessKeyId":"ASIACONTAINER","SecretAccessKey":"s","Token":"t"}`)
		}
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "token")
	write(t, file, "of-the-file\n")
	const relative, full = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"
	for name, c := range map[string]struct {
		env  map[string]string
		want string // what is asked, or a part of the error
	}{
		"ECS":                  {map[string]string{relative: "/v2/credentials/x?a=b"}, "GET 169.254.170.2/v2/credentials/x?a=b "},
		"both":                 {map[string]string{relative: "/r", full: "http://127.0.0.1:9/f"}, "GET 169.254.170.2/r "},
		"EKS":                  {map[string]string{full: "http://169.254.170.23/v1/credentials"}, "GET 169.254.170.23/v1/credentials "},
		"EKS, IPv6":            {map[string]string{full: "http://[fd00:ec2::23]/v1/credentials"}, "GET [fd00:ec2::23]/v1/credentials "},
		"loopback":             {map[string]string{full: "http://127.0.0.5:81/c"}, "GET 127.0.0.5:81/c "},
		"localhost":            {map[string]string{full: "http://localhost/c"}, "GET localhost/c "},
		"a token":              {map[string]string{full: "http://[::1]/c", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "plain"}, "GET [::1]/c plain"},
		"a file":               {map[string]string{full: "http://[::1]/c", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": file}, "GET [::1]/c of-the-file"},
		"both ways":            {map[string]string{relative: "/r", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "plain", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": file}, "GET 169.254.170.2/r of-the-file"},
		"no file":              {map[string]string{relative: "/r", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/nowhere"}, "AUTHORIZATION_TOKEN_FILE cannot be read"},
		"an outage":            {map[string]string{relative: "/outage"}, "the metadata service answered 503"},
		"no secret":            {map[string]string{relative: "/empty"}, "has no credentials"},
		"a server without TLS": {map[string]string{full: "https://192.0.2.1/c"}, "the container's credentials cannot be had"},
		"another protocol":     {map[string]string{full: "ftp://127.0.0.1/c"}, "must begin with https"},
		"another":              {map[string]string{full: "http://192.0.2.1/c"}, "must begin with https"},
		"a name":               {map[string]string{full: "http://evil.invalid/c"}, "must begin with https"},
		"a file URL":           {map[string]string{full: "file:///etc/passwd"}, "must begin with https"},
		"a machine's metadata": {map[string]string{full: "http://169.254.169.254/c"}, "must begin with https"},
		"a longer name":        {map[string]string{relative: ".evil.invalid/c"}, "must begin with https"},
		"a name of a user":     {map[string]string{relative: "@evil.invalid/c"}, "must begin with https"},
		"a broken address":     {map[string]string{full: "http://%zz"}, "must begin with https"},
	} {
		mu.Lock()
		asked = ""
		mu.Unlock()
		got, err := aws.FindVia(t.Context(), aws.Access{Region: "us-east-1", Getenv: func(name string) string {
			if name == "HOME" {
				return "/nowhere"
			}
			return c.env[name]
		}}, strings.TrimPrefix(server.URL, "http://"))
		isAsked := strings.HasPrefix(c.want, "GET ")
		mu.Lock()
		switch {
		case isAsked && (asked != c.want || got != "ASIACONTAINER" || err != nil):
			t.Errorf("%s: %q, %v; asked %q", name, got, err, asked)
		case !isAsked && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %q, %v", name, got, err)
		case strings.Contains(c.want, "must begin") && asked != "":
			t.Errorf("%s: asked %q", name, asked)
		}
		mu.Unlock()
	}
}

// TestAMachineSaysWhatItLacks has the metadata of EC2 end after so many answers.
func TestAMachineSaysWhatItLacks(t *testing.T) {
	t.Parallel()
	answers := []string{"a-token", "the-role\nanother\n", `{"AccessKeyId":"ASIAMACHINE","SecretAccessKey":"s"}`}
	for n, want := range []string{"there are no AWS credentials", "this machine has no role", "the metadata service answered 404", "ASIAMACHINE"} {
		var mu sync.Mutex
		asked := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			if asked++; asked > n {
				http.NotFound(w, r)
				return
			}
			fmt.Fprint(w, answers[asked-1])
		}))
		got, _, _, err := aws.Find(t.Context(), aws.Access{Region: "us-east-1", Getenv: func(name string) string {
			return map[string]string{"HOME": "/nowhere", "AWS_EC2_METADATA_SERVICE_ENDPOINT": server.URL + "/"}[name]
		}})
		server.Close()
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) || n == 0 && strings.Contains(got, "this machine") || asked != min(n+1, 3) {
			t.Errorf("after %d answers: %s, asked %d times", n, got, asked)
		}
	}
	if _, _, _, err := aws.Find(t.Context(), aws.Access{Region: "us-east-1", Getenv: func(name string) string {
		return map[string]string{"HOME": "/nowhere", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://%zz"}[name]
	}}); err == nil || !strings.Contains(err.Error(), "there are no AWS credentials") {
		t.Errorf("%v", err)
	}
}
