package aws_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/aws"
)

// TestTheClockIsTheEntrys shows in the name of a session and in the end of a single sign-on what
// time it is.
func TestTheClockIsTheEntrys(t *testing.T) {
	t.Parallel()
	address, asked := startTokens(t)
	home := t.TempDir()
	write(t, filepath.Join(home, ".aws", "config"),
		"[profile sso]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = dev\n[sso-session corp]\nsso_start_url = https://corp\n"+
			"sso_region = us-east-1\n")
	// The name is the SHA-1 of corp.
	write(t, filepath.Join(home, ".aws", "sso", "cache", "ee0bfd2552fbd840c02cc48b6e823320543c450f.json"),
		`{"accessToken":"sso-access","expiresAt":"2027-01-01T00:00:00Z"}`)
	end := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name   string
		access aws.Access
		now    time.Time
		want   string // the session token, or a part of the error
		asked  string
	}{
		{name: "a session", access: aws.Access{AccessKeyID: "AKID", SecretAccessKey: "s", RoleName: "arn:x"}, now: time.Unix(1234567, 0),
			want: "role-token", asked: "RoleSessionName:[flowgate-1234567]"},
		{name: "a sign-on before its end", access: aws.Access{ProfileName: "sso"}, now: end.Add(-time.Second), want: "sso-token"},
		{name: "a sign-on after its end", access: aws.Access{ProfileName: "sso"}, now: end.Add(time.Second), want: "type aws sso login"},
	} {
		c.access.Region, c.access.STSEndpoint = "us-east-1", address
		c.access.Now = func() time.Time { return c.now }
		c.access.Getenv = func(name string) string {
			return map[string]string{"HOME": home, "AWS_ENDPOINT_URL_SSO": address}[name]
		}
		_, got, _, err := aws.Find(t.Context(), c.access)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, c.want) || !strings.Contains(asked(), c.asked) {
			t.Errorf("%s: %s; asked\n%s", c.name, got, asked())
		}
	}
}

func TestAQuestionToTheTokenServiceIsSignedWithTheClock(t *testing.T) {
	t.Parallel()
	address, asked := startTokens(t)
	a := aws.Access{AccessKeyID: "AKID", SecretAccessKey: "s", RoleName: "arn:x", Region: "us-east-1", STSEndpoint: address,
		Getenv: func(string) string { return "" }, Now: func() time.Time { return time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC) }}
	if _, _, _, err := aws.Find(t.Context(), a); err != nil || !strings.Contains(asked(), "date=20150830T123600Z scope=20150830/us-east-1/sts") {
		t.Errorf("%v\n%s", err, asked())
	}
}
