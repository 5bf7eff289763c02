package aws_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/aws"
)

// stsAnswer is an answer of AWS's token service.
const stsAnswer = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>role-token</SessionToken>
<Expiration>2030-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`

// startTokens runs a double of everything that gives credentials, and returns its address and
// what it was asked.
func startTokens(t *testing.T) (address string, asked func() string) {
	t.Helper()
	var mu sync.Mutex
	var log strings.Builder
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm() // a GET has none
		mu.Lock()
		defer mu.Unlock()
		signature := r.Header.Get("Authorization")
		_, scope, _ := strings.Cut(signature, "/")
		fmt.Fprintf(&log, "%s %s %v token=%s signed=%v date=%s scope=%.40s\n", r.Method, r.URL.Path, r.PostForm, r.Header.Get("X-Aws-Ec2-Metadata-Token")+
			r.Header.Get("X-Amz-Sso_bearer_token")+bare(r.Header.Get("Authorization")),
			strings.HasPrefix(signature, "AWS4-HMAC-SHA256 Credential=AKID"), r.Header.Get("X-Amz-Date"), scope)
		switch {
		case r.PostForm.Get("RoleArn") == "arn:refused":
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>`)
		case r.PostForm.Get("Action") == "AssumeRoleWithWebIdentity":
			fmt.Fprint(w, strings.ReplaceAll(strings.ReplaceAll(stsAnswer, "AssumeRole", "AssumeRoleWithWebIdentity"), "ASIAROLE", "ASIAWEB"))
		case r.PostForm.Get("Action") == "AssumeRole":
			fmt.Fprint(w, stsAnswer)
		case r.URL.Path == "/latest/api/token":
			fmt.Fprint(w, "imds-token")
		case strings.HasSuffix(r.URL.Path, "/security-credentials/"):
			fmt.Fprint(w, "the-role\n")
		case strings.HasPrefix(r.URL.Path, "/federation/"):
			fmt.Fprint(w, `{"roleCredentials":{"accessKeyId":"ASIASSO","secretAccessKey":"s","sessionToken":"sso-token","expiration":1893456000000}}`)
		default:
			fmt.Fprint(w, `{"AccessKeyId":"ASIAMACHINE","SecretAccessKey":"s","Token":"machine-token","Expiration":"2030-01-01T00:00:00Z"}`)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, func() string {
		mu.Lock()
		defer mu.Unlock()
		return log.String()
	}
}

// bare returns a header's value unless it is a signature.
func bare(value string) string {
	if strings.HasPrefix(value, "AWS4") {
		return ""
	}
	return value
}

func TestCredentialsComeFromWhereAWSsSDKsLook(t *testing.T) {
	t.Parallel()
	address, asked := startTokens(t)
	home := t.TempDir()
	write(t, filepath.Join(home, ".aws", "config"), `[default]
region = eu-west-3
[profile roled]
role_arn = arn:aws:iam::1:role/r
source_profile = keyed
[profile self]
role_arn = arn:aws:iam::1:role/r
source_profile = self
aws_access_key_id = AKIDSELF
aws_secret_access_key = s
[profile loop]
role_arn = arn:1
source_profile = loop2
[profile loop2]
role_arn = arn:1
source_profile = loop
[profile refused]
role_arn = arn:refused
source_profile = keyed
[profile machine]
role_arn = arn:aws:iam::1:role/r
credential_source = Ec2InstanceMetadata
[profile nowhere]
role_arn = arn:1
[profile sso]
sso_session = corp
sso_account_id = 1
sso_role_name = dev
[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = us-east-1
[profile gone]
sso_start_url = https://old.awsapps.com/start
sso_region = us-east-1
sso_account_id = 1
sso_role_name = dev
[profile elsewhere]
sso_session = elsewhere
sso_account_id = 1
sso_role_name = dev
[sso-session elsewhere]
sso_region = evil.invalid/
[profile process]
credential_process = /bin/false
`)
	write(t, filepath.Join(home, ".aws", "credentials"), "[keyed]\naws_access_key_id = AKIDFILE\naws_secret_access_key=s\n")
	// The name is the SHA-1 of corp.
	write(t, filepath.Join(home, ".aws", "sso", "cache", "ee0bfd2552fbd840c02cc48b6e823320543c450f.json"),
		`{"accessToken":"sso-access","expiresAt":"2030-01-01T00:00:00Z"}`)
	write(t, filepath.Join(home, "token"), "a.web.token\n")
	for _, c := range []struct {
		name   string
		access aws.Access
		env    map[string]string
		want   string // the access key and the session token, or a part of the error
		asked  string
	}{
		{name: "the entry's keys", access: aws.Access{AccessKeyID: "AKIDENTRY", SecretAccessKey: "s", SessionToken: "t"}, want: "AKIDENTRY t"},
		{name: "the environment", env: map[string]string{"AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "e"},
			want: "AKIDENV e"},
		{name: "a role with the entry's keys", access: aws.Access{AccessKeyID: "AKIDENTRY", SecretAccessKey: "s", RoleName: "arn:x",
			SessionName: "me", ExternalID: "ext"}, want: "ASIAROLE role-token",
			asked: "POST / map[Action:[AssumeRole] ExternalId:[ext] RoleArn:[arn:x] RoleSessionName:[me] Version:[2011-06-15]] token= signed=true"},
		{name: "a role by a file's token", access: aws.Access{RoleName: "arn:x", SessionName: "me", WebIdentityToken: filepath.Join(home, "token")},
			want: "ASIAWEB role-token", asked: "WebIdentityToken:[a.web.token]] token= signed=false"},
		{name: "a web identity of the environment", env: map[string]string{"AWS_ROLE_ARN": "arn:env",
			"AWS_WEB_IDENTITY_TOKEN_FILE": filepath.Join(home, "token")}, want: "ASIAWEB role-token", asked: "RoleArn:[arn:env]"},
		{name: "a profile's keys", access: aws.Access{ProfileName: "keyed"}, want: "AKIDFILE "},
		{name: "a profile of the environment", env: map[string]string{"AWS_PROFILE": "keyed"}, want: "AKIDFILE "},
		{name: "a profile's role", access: aws.Access{ProfileName: "roled"}, want: "ASIAROLE role-token"},
		{name: "a role with keys beside it", access: aws.Access{ProfileName: "self"}, want: "ASIAROLE role-token"},
		{name: "a role of the machine", access: aws.Access{ProfileName: "machine"}, want: "ASIAROLE role-token"},
		{name: "a single sign-on", access: aws.Access{ProfileName: "sso"}, want: "ASIASSO sso-token",
			asked: "GET /federation/credentials map[] token=sso-access"},
		{name: "a single sign-on that has ended", access: aws.Access{ProfileName: "gone"}, want: "type aws sso login"},
		{name: "a single sign-on at another host", access: aws.Access{ProfileName: "elsewhere"}, want: "sso_region is not valid"},
		{name: "a container", env: map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": address + "/container",
			"AWS_CONTAINER_AUTHORIZATION_TOKEN": "auth", "AWS_CONFIG_FILE": "/none"}, want: "ASIAMACHINE machine-token", asked: "/container map[] token=auth"},
		{name: "a container's token for strangers", env: map[string]string{"AWS_CONFIG_FILE": "/none",
			"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/container"}, want: "must begin with https"},
		{name: "the machine", env: map[string]string{"AWS_CONFIG_FILE": "/none"}, want: "ASIAMACHINE machine-token",
			asked: "/latest/meta-data/iam/security-credentials/the-role map[] token=imds-token"},
		{name: "nothing", env: map[string]string{"AWS_CONFIG_FILE": "/none", "AWS_EC2_METADATA_DISABLED": "true"}, want: "there are no AWS credentials"},
		{name: "an unknown profile", access: aws.Access{ProfileName: "nosuch"}, want: `"nosuch" of AWS's shared files does not exist`},
		{name: "profiles in a circle", access: aws.Access{ProfileName: "loop"}, want: "too many others"},
		{name: "a role without a source", access: aws.Access{ProfileName: "nowhere"}, want: "neither source_profile"},
		{name: "a refused role", access: aws.Access{ProfileName: "refused"}, want: "AccessDenied: not you"},
		{name: "a process", access: aws.Access{ProfileName: "process"}, want: "export-credentials --profile process"},
	} {
		c.access.Region, c.access.STSEndpoint = "us-east-1", address
		c.access.Getenv = func(name string) string {
			for _, fixed := range []string{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_ENDPOINT_URL_SSO"} {
				if name == fixed {
					return address
				}
			}
			if name == "HOME" {
				return home
			}
			return c.env[name]
		}
		id, token, end, err := aws.Find(t.Context(), c.access)
		got := id + " " + token
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, c.want) || !strings.Contains(asked(), c.asked) {
			t.Errorf("%s: %q, not %q; asked\n%s", c.name, got, c.want, asked())
		}
		if strings.HasPrefix(id, "ASIA") != end.Equal(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s ends %v", c.name, end)
		}
	}
}

// TestNoTokenFollowsARedirect has each source lead to another host, which must not be asked.
func TestNoTokenFollowsARedirect(t *testing.T) {
	t.Parallel()
	address, asked := startTokens(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, address+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	for _, access := range []aws.Access{{}, {RoleName: "arn:x", WebIdentityToken: "a.web.token"}} {
		access.Region, access.STSEndpoint = "us-east-1", server.URL
		access.Getenv = func(name string) string {
			return map[string]string{"AWS_CONFIG_FILE": "/none", "AWS_CONTAINER_CREDENTIALS_FULL_URI": server.URL + "/container",
				"AWS_CONTAINER_AUTHORIZATION_TOKEN": "auth"}[name]
		}
		if _, _, _, err := aws.Find(t.Context(), access); err == nil || asked() != "" {
			t.Errorf("%v; asked %s", err, asked())
		}
	}
}

func TestTheRegionIsFoundInTheEnvironmentAndTheFiles(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	write(t, filepath.Join(home, ".aws", "config"), "[default]\nregion = eu-west-3\n[profile p]\nregion=ap-south-1\n")
	for _, c := range []struct {
		profile, want string
		env           map[string]string
	}{
		{"", "eu-west-3", nil}, {"p", "ap-south-1", nil}, {"", "ap-south-1", map[string]string{"AWS_PROFILE": "p"}},
		{"", "us-east-2", map[string]string{"AWS_REGION": "us-east-2"}}, {"", "us-west-2", map[string]string{"AWS_CONFIG_FILE": "/none"}},
	} {
		a := aws.Access{ProfileName: c.profile, Getenv: func(name string) string {
			if name == "HOME" {
				return home
			}
			return c.env[name]
		}}
		if got := a.FindRegion(); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
