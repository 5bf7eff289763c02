package aws_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/aws"
)

// vectors are of AWS's published test suite for Signature Version 4: POST / of 30 August 2015
// to example.amazonaws.com, us-east-1, "service". AWS keeps it in github.com/awslabs/aws-c-auth,
// tests/aws-signing-test-suite/v4: a folder for each name, with header-signed-request.txt.
var vectors = []struct {
	name, path, contentType, body, token, signed, signature string
}{
	{name: "post-vanilla", signed: "host;x-amz-date",
		signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
	{name: "post-x-www-form-urlencoded", contentType: "application/x-www-form-urlencoded", body: "Param1=value1",
		signed:    "content-type;host;x-amz-date",
		signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
	{name: "post-x-www-form-urlencoded-parameters", contentType: "application/x-www-form-urlencoded; charset=utf8",
		body: "Param1=value1", signed: "content-type;host;x-amz-date",
		signature: "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"},
	{name: "post-sts-header-before", token: "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==",
		signed:    "host;x-amz-date;x-amz-security-token",
		signature: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
}

func TestSignaturesAreThoseOfAWSsTestSuite(t *testing.T) {
	t.Parallel()
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{}
			if v.contentType != "" {
				header.Set("Content-Type", v.contentType)
			}
			access := aws.Access{Region: "us-east-1", AccessKeyID: "AKIDEXAMPLE", SessionToken: v.token,
				SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", Getenv: func(string) string { return "" }}
			u := &url.URL{Scheme: "https", Host: "example.amazonaws.com", Path: "/" + v.path}
			at := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
			if err := aws.SignFor(t.Context(), access, "service", at, u, []byte(v.body), header); err != nil {
				t.Fatal(err)
			}
			want := "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=" + v.signed +
				", Signature=" + v.signature
			if got := header.Get("Authorization"); got != want {
				t.Errorf("%s\nwant\n%s", got, want)
			}
			if got := header.Get("X-Amz-Date"); got != "20150830T123600Z" {
				t.Errorf("the date is %s", got)
			}
			if got := header.Get("X-Amz-Security-Token"); got != v.token {
				t.Errorf("the token is %s", got)
			}
		})
	}
}

func TestRefusalsSayWhatToDo(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		name, code, message string
		status              int
		offset              time.Duration // of AWS's clock
		want                []string
		isVain, isIdentity  bool
	}{
		{name: "expired", code: "ExpiredTokenException", status: 403, message: "The security token included in the request is expired",
			want: []string{"ExpiredTokenException: The security token", "have expired"}, isVain: true, isIdentity: true},
		{name: "a fast clock", code: "InvalidSignatureException", status: 403, offset: -12 * time.Minute,
			message: "Signature not yet current: 20260102T030405Z is still later than 20260102T025705Z",
			want:    []string{"Signature not yet current", "clock is wrong (12m0s fast)", "NTP"}, isVain: true},
		{name: "a slow clock", code: "InvalidSignatureException", status: 403, offset: time.Hour,
			message: "Signature expired: 1 is now earlier than 2", want: []string{"(1h0m0s slow)"}, isVain: true},
		{name: "an unknown key", code: "UnrecognizedClientException", status: 403,
			message: "The security token included in the request is invalid.", want: []string{"aws_access_key_id"},
			isVain: true, isIdentity: true},
		{name: "no rights", code: "AccessDeniedException", status: 403, message: "You don't have access to the model",
			want: []string{"bedrock:InvokeModel"}, isVain: true},
		{name: "no such model here", code: "ValidationException", status: 400,
			message: "The provided model identifier is invalid.", want: []string{"Region eu-west-1"}, isVain: true},
		{name: "a profile is needed", code: "ValidationException", status: 400, isVain: true,
			message: "Invocation of model ID m with on-demand throughput isn’t supported.", want: []string{"us. or eu."}},
		{name: "throttled", code: "ThrottlingException", status: 429, message: "Too many tokens", want: []string{"Too many tokens"}},
		{name: "an outage", code: "ServiceUnavailableException", status: 503, message: "Bedrock is unable to process your request.",
			want: []string{"unable to process"}},
	} {
		header := http.Header{"X-Amzn-Errortype": {c.code + ":http://internal.amazon.com/"}}
		header.Set("Date", now.Add(c.offset).Format(http.TimeFormat))
		got := aws.ReadRefusal(c.status, header, []byte(`{"message":"`+c.message+`"}`), now, "eu-west-1")
		for _, want := range c.want {
			if !strings.Contains(got.Message, want) {
				t.Errorf("%s: %q has no %q", c.name, got.Message, want)
			}
		}
		if got.IsVain != c.isVain || got.IsIdentity != c.isIdentity {
			t.Errorf("%s: vain %v, identity %v", c.name, got.IsVain, got.IsIdentity)
		}
	}
}
