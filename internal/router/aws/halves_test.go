package aws_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/aws"
)

// TestHalfOfASourceIsNone has sources of which a part is missing, before one that is whole.
func TestHalfOfASourceIsNone(t *testing.T) {
	t.Parallel()
	address, asked := startTokens(t)
	home := t.TempDir()
	write(t, filepath.Join(home, "token"), "a.web.token\n")
	write(t, filepath.Join(home, ".aws", "config"), "[profile ] spaced ]\n[profile   spaced  ]\naws_access_key_id = AKIDSPACED # mine\naws_secret_access_key = s\n"+
		"[profile again]\naws_access_key_id = AKIDAGAIN\n[profile again]\nno sign\naws_secret_access_key = s\n"+
		"[profile web]\nrole_arn = arn:web\nweb_identity_token_file = "+filepath.Join(home, "token")+"\n"+
		"[profile tokenonly]\nweb_identity_token_file = /nowhere\naws_access_key_id = AKIDTOKEN\naws_secret_access_key = s\n"+
		"[profile id]\naws_access_key_id = AKIDHALF\n[profile secret]\naws_secret_access_key = s\n"+
		"[profile ecs]\nrole_arn = arn:ecs\ncredential_source = EcsContainer\n[default]\naws_access_key_id = AKIDDEFAULT\naws_secret_access_key = s\n"+
		"[profile lost]\nrole_arn = arn:x\nsource_profile = nosuch\n")
	for name, c := range map[string]struct {
		access aws.Access
		env    map[string]string
		want   string // the access key, or a part of the error
		asked  string
	}{
		"a secret of the entry":            {access: aws.Access{SecretAccessKey: "s"}, want: "AKIDDEFAULT"},
		"an id of the environment":         {env: map[string]string{"AWS_ACCESS_KEY_ID": "AKIDENV"}, want: "AKIDDEFAULT"},
		"a secret of the environment":      {env: map[string]string{"AWS_SECRET_ACCESS_KEY": "s"}, want: "AKIDDEFAULT"},
		"a file of the environment":        {env: map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": filepath.Join(home, "token")}, want: "AKIDDEFAULT"},
		"a role of the environment":        {env: map[string]string{"AWS_ROLE_ARN": "arn:env"}, want: "AKIDDEFAULT"},
		"a profile that is not there":      {env: map[string]string{"AWS_PROFILE": "nosuch"}, want: `"nosuch" of AWS's shared files does not exist`},
		"a profile's id":                   {access: aws.Access{ProfileName: "id"}, want: `"id" of AWS's shared files has no credentials`},
		"a profile's secret":               {access: aws.Access{ProfileName: "secret"}, want: `"secret" of AWS's shared files has no credentials`},
		"a profile's token without a role": {access: aws.Access{ProfileName: "tokenonly"}, want: "AKIDTOKEN"},
		"a profile with both":              {access: aws.Access{ProfileName: "web"}, want: "ASIAWEB", asked: "RoleArn:[arn:web]"},
		"a profile in two pieces":          {access: aws.Access{ProfileName: "again"}, want: "AKIDAGAIN"},
		"spaces and a comment":             {access: aws.Access{ProfileName: "spaced"}, want: "AKIDSPACED"},
		"a source that is not there":       {access: aws.Access{ProfileName: "lost"}, want: `"nosuch" of AWS's shared files does not exist`},
		"a role without keys": {access: aws.Access{RoleName: "arn:x", ProfileName: "nosuch"}, env: map[string]string{"AWS_PROFILE": "nosuch"},
			want: `"nosuch" of AWS's shared files does not exist`},
		"a role of a container": {access: aws.Access{ProfileName: "ecs"}, env: map[string]string{
			"AWS_CONTAINER_CREDENTIALS_FULL_URI": address + "/container"}, want: "ASIAROLE", asked: "/container map[]"},
	} {
		c.access.Region, c.access.STSEndpoint = "us-east-1", address
		c.access.Getenv = func(name string) string {
			if name == "HOME" {
				return home
			}
			return c.env[name]
		}
		got, _, _, err := aws.Find(t.Context(), c.access)
		if err != nil {
			got = err.Error()
		}
		isWanted := strings.HasSuffix(got, c.want) || err != nil && strings.Contains(got, c.want)
		if !isWanted || !strings.Contains(asked(), c.asked) {
			t.Errorf("%s: %q, %v; asked\n%s", name, got, err, asked())
		}
	}
}

// TestAnswersThatLackCredentialsAreRefused has the portal of a single sign-on and the metadata of a container.
func TestAnswersThatLackCredentialsAreRefused(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	write(t, filepath.Join(home, ".aws", "config"), "[profile sso]\nsso_start_url = https://corp\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = dev\n"+
		"[profile nowhere]\nsso_start_url = https://corp\nsso_account_id = 1\nsso_role_name = dev\n[profile broken]\nsso_start_url = https://broken\n"+
		"sso_region = us-east-1\nsso_account_id = 1\n")
	cache := func(start, text string) {
		write(t, filepath.Join(home, ".aws", "sso", "cache", aws.NameOfSSOCache(start)), text)
	}
	cache("https://corp", `{"accessToken":"sso-access","expiresAt":"2030-01-01T00:00:00Z"}`)
	cache("https://broken", `{"accessToken":"sso-access","expiresAt":`)
	for name, c := range map[string]struct {
		profile, answer string
		status          int
		want            string
	}{
		"everything": {"sso", `{"roleCredentials":{"accessKeyId":"ASIASSO","secretAccessKey":"s"}}`, 200, "ASIASSO"},
		"no secret":  {"sso", `{"roleCredentials":{"accessKeyId":"ASIASSO"}}`, 200, "does not give the role dev of account 1: its portal answered 200"},
		"no id":      {"sso", `{"roleCredentials":{"secretAccessKey":"s"}}`, 200, "its portal answered 200"},
		"no JSON":    {"sso", `{"roleCredentials":{"accessKeyId":"ASIASSO","secretAccessKey":"s"}`, 200, "its portal answered 200"},
		"forbidden":  {"sso", `{"message":"no"}`, 403, "its portal answered 403"},
		"signed out": {"sso", `{"message":"no"}`, 401, "type aws sso login"},
		"no region":  {"nowhere", ``, 200, "sso_region is not valid"},
		"half a cache": {"broken", `{"roleCredentials":{"accessKeyId":"ASIASSO","secretAccessKey":"s"}}`, 200,
			"the single sign-on of https://broken has ended"},
		"no portal": {"sso", "", 0, "the portal of the single sign-on cannot be reached"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			fmt.Fprint(w, c.answer)
		}))
		if c.status == 0 {
			server.Close()
		}
		id, _, _, err := aws.Find(t.Context(), aws.Access{Region: "us-east-1", ProfileName: c.profile, Getenv: func(name string) string {
			return map[string]string{"HOME": home, "AWS_ENDPOINT_URL_SSO": server.URL}[name]
		}})
		server.Close()
		if err != nil {
			id = err.Error()
		}
		if !strings.Contains(id, c.want) {
			t.Errorf("%s: %s", name, id)
		}
	}
	for _, answer := range []string{`{"SecretAccessKey":"s"}`, `{"AccessKeyId":"ASIA"}`, `{"AccessKeyId":"ASIA","SecretAccessKey":"s"`} {
		if id, err := aws.ReadMetadata([]byte(answer)); err == nil {
			t.Errorf("%s: %s", answer, id)
		}
	}
	for _, answer := range []string{strings.ReplaceAll(stsAnswer, "<AccessKeyId>ASIAROLE</AccessKeyId>", ""), "<html", ""} {
		if id, err := aws.ReadSTS([]byte(answer), 200); err == nil || !strings.Contains(err.Error(), "it answered 200") {
			t.Errorf("%s: %s, %v", answer, id, err)
		}
	}
}
