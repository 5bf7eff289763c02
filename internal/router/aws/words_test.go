package aws_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/aws"
)

// TestTheWordsOfARefusal compares whole messages.
func TestTheWordsOfARefusal(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const expired = " The AWS credentials have expired: sign in again (aws sso login), or set new ones."
	const unknown = " AWS does not know the access key, or its session token is missing: correct aws_access_key_id and aws_session_token."
	const noModel = " Region eu-west-1 may not have the model: correct aws_region_name, or write the model with the prefix of a " +
		"geography, such as us. or eu."
	for _, c := range []struct {
		code, body, date, want string
		status                 int
		isVain, isIdentity     bool
	}{
		{code: "ThrottlingException", body: `{"message":"ThrottlingException: slow"}`, want: "ThrottlingException: slow", status: 429},
		{body: `{"message":"slow"}`, want: "slow", status: 429},
		{body: `{"Message":"Slow"}`, want: "Slow", status: 500},
		{body: `{"other":1}`, want: `{"other":1}`, status: 500},
		{body: `<html>`, want: `<html>`, status: 500},
		{want: "AWS gave no reason", status: 500},
		{body: `{"message":"who?"}`, want: "who?", status: 401, isVain: true, isIdentity: true},
		{code: "ExpiredTokenException", body: `{"message":"old"}`, want: "ExpiredTokenException: old" + expired, status: 403, isVain: true,
			isIdentity: true},
		{body: `{"message":"The security token included in the request is expired"}`, status: 400, isIdentity: true,
			want: "The security token included in the request is expired" + expired},
		{code: "InvalidClientTokenId", body: `{"message":"x"}`, want: "InvalidClientTokenId: x" + unknown, status: 403, isVain: true, isIdentity: true},
		{code: "ResourceNotFoundException", body: `{"message":"x"}`, want: "ResourceNotFoundException: x" + noModel, status: 404, isVain: true},
		{body: `{"message":"The request signature we calculated does not match"}`, status: 403, isVain: true,
			want: "The request signature we calculated does not match The secret access key does not belong to the access key: correct " +
				"aws_secret_access_key."},
		{body: `{"message":"Signature expired: x"}`, status: 400, isVain: true,
			want: "Signature expired: x This machine's clock is wrong: set it by NTP."},
		{body: `{"message":"Signature expired: x"}`, date: now.Add(30 * time.Second).Format(http.TimeFormat), status: 400, isVain: true,
			want: "Signature expired: x This machine's clock is wrong: set it by NTP."},
		{body: `{"message":"Signature not yet current: x"}`, date: now.Add(-30 * time.Second).Format(http.TimeFormat), status: 400, isVain: true,
			want: "Signature not yet current: x This machine's clock is wrong: set it by NTP."},
	} {
		header := http.Header{"X-Amzn-Errortype": {c.code}}
		if c.date != "" {
			header.Set("Date", c.date)
		}
		got := aws.ReadRefusal(c.status, header, []byte(c.body), now, "eu-west-1")
		if got != (aws.Refusal{Message: c.want, IsVain: c.isVain, IsIdentity: c.isIdentity}) {
			t.Errorf("%s %s: %+v", c.code, c.body, got)
		}
	}
}

// TestTheTokenServiceIsAskedAsTheEntrySays checks the whole question.
func TestTheTokenServiceIsAskedAsTheEntrySays(t *testing.T) {
	t.Parallel()
	address, asked := startTokens(t)
	folder := t.TempDir()
	dotted := filepath.Join(folder, "a.web.token")
	write(t, dotted, "of.the.file\n")
	env := map[string]string{"HOME": "/nowhere", "AWS_ROLE_SESSION_NAME": "of-the-environment"}
	for _, c := range []struct {
		name   string
		access aws.Access
		want   string // the question, or a part of the error
	}{
		{"a role", aws.Access{AccessKeyID: "AKID", SecretAccessKey: "s", RoleName: "arn:x", SessionName: "me", STSEndpoint: address + "/sts"},
			"POST /sts map[Action:[AssumeRole] RoleArn:[arn:x] RoleSessionName:[me] Version:[2011-06-15]] "},
		{"a token", aws.Access{RoleName: "arn:x", WebIdentityToken: "a.literal.token", STSEndpoint: address}, "POST / map[Action:" +
			"[AssumeRoleWithWebIdentity] RoleArn:[arn:x] RoleSessionName:[of-the-environment] Version:[2011-06-15] WebIdentityToken:[a.literal.token]]"},
		{"a file with two dots", aws.Access{RoleName: "arn:x", SessionName: "mine", WebIdentityToken: dotted, STSEndpoint: address},
			"RoleSessionName:[mine] Version:[2011-06-15] WebIdentityToken:[of.the.file]]"},
		{"no file", aws.Access{RoleName: "arn:x", WebIdentityToken: "/nowhere/token", STSEndpoint: address}, "web identity's token cannot be read"},
		{"a broken address", aws.Access{RoleName: "arn:x", WebIdentityToken: "a.b.c", STSEndpoint: "http://%zz"}, "aws_sts_endpoint is not a valid"},
		{"no host", aws.Access{RoleName: "arn:x", WebIdentityToken: "a.b.c", STSEndpoint: "sts.local"}, "aws_sts_endpoint is not a valid"},
	} {
		c.access.Region, c.access.Getenv = "us-east-1", func(name string) string { return env[name] }
		_, _, _, err := aws.Find(t.Context(), c.access)
		got := asked()
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}

func TestTheTokenServiceIsThatOfTheRegion(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]string{"eu-west-1": "https://sts.eu-west-1.amazonaws.com/",
		"cn-north-1": "https://sts.cn-north-1.amazonaws.com.cn/"} {
		a := aws.Access{Region: region, RoleName: "arn:x", WebIdentityToken: "a.b.c", Getenv: func(string) string { return "" }}
		if got := aws.AskedAddress(t.Context(), a); got != want {
			t.Errorf("%s: %s", region, got)
		}
	}
}

// TestSharedFilesAreReadAsAWSsSDKsReadThem has what a profile is not, and a profile in both files.
func TestSharedFilesAreReadAsAWSsSDKsReadThem(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	write(t, filepath.Join(home, ".aws", "config"), "\n# a comment\n; another\n[profile a]\naws_access_key_id = AKIDA\n\naws_secret_access_key = s # the key\n"+
		"[services s]\naws_access_key_id = AKIDSERVICE\n[plain]\naws_access_key_id = AKIDPLAIN\naws_secret_access_key = s\n[profile broken\n"+
		"aws_access_key_id = AKIDBROKEN\n[profile both]\nAWS_ACCESS_KEY_ID=AKIDBOTH\n[profile nested]\naws_access_key_id = AKIDOUTER\n"+
		"aws_secret_access_key = s\ns3 =\n  aws_access_key_id = AKIDINNER\n\taws_access_key_id = AKIDINNER\n")
	write(t, filepath.Join(home, ".aws", "credentials"), "[both]\naws_secret_access_key = s\n")
	for name, want := range map[string]string{"a": "AKIDA", "both": "AKIDBOTH", "nested": "AKIDOUTER", "plain": "does not exist",
		"broken": "does not exist"} {
		id, _, _, err := aws.Find(t.Context(), aws.Access{Region: "us-east-1", ProfileName: name, Getenv: func(name string) string {
			return map[string]string{"HOME": home}[name]
		}})
		if err != nil {
			id = err.Error()
		}
		if !strings.Contains(id, want) {
			t.Errorf("%s: %s", name, id)
		}
	}
}
