package aws_test

import (
	"errors"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/aws"
	"github.com/flowgate-go/flowgate/internal/router/renewal"
)

func TestTheFirstSourceCounts(t *testing.T) {
	t.Parallel()
	address, asked := startTokens(t)
	home := t.TempDir()
	write(t, filepath.Join(home, ".aws", "config"), "[default]\naws_access_key_id = AKIDCONFIG\naws_secret_access_key = s\n"+
		"nested =\n  aws_access_key_id = AKIDNESTED\n[profile env]\nrole_arn = arn:env\ncredential_source = Environment\n")
	write(t, filepath.Join(home, ".aws", "credentials"), "[default]\naws_access_key_id = AKIDDEFAULT\naws_secret_access_key = s\n"+
		"[other]\naws_access_key_id = AKIDOTHER\naws_secret_access_key = s\n")
	write(t, filepath.Join(home, "token"), " a.web.token\n")
	keys := map[string]string{"AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "s"}
	for _, c := range []struct {
		name   string
		access aws.Access
		env    map[string]string
		want   string // the access key
		asked  string
	}{
		{name: "the shared files", want: "AKIDDEFAULT"},
		{name: "the environment before a profile", env: map[string]string{"AWS_PROFILE": "other", "AWS_ACCESS_KEY_ID": "AKIDENV",
			"AWS_SECRET_ACCESS_KEY": "s"}, want: "AKIDENV"},
		{name: "half a pair", access: aws.Access{AccessKeyID: "AKIDHALF"}, env: keys, want: "AKIDENV"},
		{name: "a token without a role", access: aws.Access{WebIdentityToken: filepath.Join(home, "token")}, env: keys, want: "AKIDENV"},
		{name: "a web identity before a profile", env: map[string]string{"AWS_PROFILE": "other", "AWS_ROLE_ARN": "arn:web",
			"AWS_WEB_IDENTITY_TOKEN_FILE": filepath.Join(home, "token"), "AWS_ROLE_SESSION_NAME": "named"}, want: "ASIAWEB",
			asked: "RoleArn:[arn:web] RoleSessionName:[named] Version:[2011-06-15] WebIdentityToken:[a.web.token]]"},
		{name: "a role with keys of the environment", access: aws.Access{ProfileName: "env"}, env: keys, want: "ASIAROLE",
			asked: "RoleArn:[arn:env]"},
	} {
		c.access.Region, c.access.STSEndpoint = "us-east-1", address
		c.access.Getenv = func(name string) string {
			if name == "HOME" {
				return home
			}
			return c.env[name]
		}
		if id, _, _, err := aws.Find(t.Context(), c.access); id != c.want || err != nil || !strings.Contains(asked(), c.asked) {
			t.Errorf("%s: %q, %v; asked\n%s", c.name, id, err, asked())
		}
	}
}

func TestARoleIsAssumedAgainBeforeItsEnd(t *testing.T) {
	t.Parallel()
	address, asked := startTokens(t)
	s := aws.New(aws.Access{AccessKeyID: "AKID", SecretAccessKey: "s", RoleName: "arn:x", Region: "eu-west-1", STSEndpoint: address,
		Getenv: func(string) string { return "" }})
	end := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC) // of stsAnswer
	for _, c := range []struct {
		before time.Duration
		want   int
	}{{time.Hour, 1}, {6 * time.Minute, 1}, {4 * time.Minute, 2}} {
		header := http.Header{}
		err := s.Authorize(t.Context(), end.Add(-c.before), &url.URL{Scheme: "https", Host: "h", Path: "/"}, nil, header)
		if n := strings.Count(asked(), "AssumeRole"); n != c.want || err != nil {
			t.Errorf("%v before the end: asked %d times, %v", c.before, n, err)
		}
		const scope = "Credential=ASIAROLE/20291231/eu-west-1/bedrock/aws4_request"
		if !strings.Contains(header.Get("Authorization"), scope) || header.Get("X-Amz-Security-Token") != "role-token" {
			t.Errorf("%v", header)
		}
	}
}

func TestAnswersOfTheTokenService(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text        string
		status      int
		want        string // the access key, or a part of the error
		isTemporary bool
	}{
		"credentials":             {stsAnswer, 200, "ASIAROLE", false},
		"credentials in an error": {stsAnswer, 403, "it answered 403", false},
		"no secret":               {strings.ReplaceAll(stsAnswer, "<SecretAccessKey>s</SecretAccessKey>", ""), 200, "it answered 200", false},
		"an outage":               {"<html>", 503, "it answered 503", true},
		"too many questions": {"<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>", 429,
			"Throttling: Rate exceeded", true},
	} {
		got, err := aws.ReadSTS([]byte(c.text), c.status)
		e := (*renewal.Error)(nil)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, c.want) || (errors.As(err, &e) && e.IsTemporary) != c.isTemporary {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestAnErrorOfTheTokenServiceHasNoAddress(t *testing.T) {
	t.Parallel()
	a := aws.Access{AccessKeyID: "AKID", SecretAccessKey: "s", RoleName: "arn:x", Region: "us-east-1",
		STSEndpoint: "http://127.0.0.1:1/CANARY", Getenv: func(string) string { return "" }}
	if _, _, _, err := aws.Find(t.Context(), a); err == nil || strings.Contains(err.Error(), "CANARY") ||
		!strings.Contains(err.Error(), "cannot be reached") {
		t.Errorf("%v", err)
	}
}

func TestRegionsOfChinaHaveAnotherDomain(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]string{"us-east-1": "https://bedrock-runtime.us-east-1.amazonaws.com",
		"cn-north-1": "https://bedrock-runtime.cn-north-1.amazonaws.com.cn"} {
		if got := aws.Endpoint(region); got != want {
			t.Errorf("%s: %s", region, got)
		}
	}
}
