package redact_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// opaque is a text such as keys have behind their prefix; no rule of a scanner takes it for one.
const opaque = "0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T"

func TestALogHasNoKeyOfTheKnownProviders(t *testing.T) {
	t.Parallel()
	s := redact.NewLogScrubber()
	for _, prefix := range strings.Fields("sk- sk-ant-api03- sk-ant-oat01- sk-proj- sk-or-v1- sk-svcacct- AIza ya29. " +
		"1//0 GOCSPX- xai- gsk_ hf_ nvapi- pplx- r8_ tgp_v1_ fw_ csk- jina_ tvly- pcsk_ dapi " +
		"ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- AKIA ASIA xoxb- xoxp- npm_ SG. sk_live_ sk_test_ hvs. eyJ") {
		for _, around := range [][2]string{
			{"", ""}, {"key=", "&x=1"}, {`{"a":"`, `"}`}, {`{\"a\":\"`, `\"}`}, {`"line\n`, `\n"`}, {`"tab\t`, `"`},
			{`"\u0022`, `\u0022"`},
			{"x%3D", "%26"}, {"\x1b[32m", "\x1b[0m"}, {"\x1b[1;32m", "\x1b[0m"}, {"(", ")"}, {"é", "é"}, {"'", "',"},
		} {
			line := around[0] + prefix + opaque + around[1]
			if got := string(s.Scrub([]byte(line))); strings.Contains(got, opaque[4:20]) || !strings.HasPrefix(got, around[0]) ||
				!strings.HasSuffix(got, around[1]) {
				t.Errorf("%q is %q", line, got)
			}
		}
	}
}

func TestALogHasNoValueThatItsNameMakesASecret(t *testing.T) {
	t.Parallel()
	s := redact.NewLogScrubber()
	for _, line := range []string{
		"Authorization: Bearer " + opaque, "authorization: bearer abc/" + opaque + "==, next",
		"Proxy-Authorization: Basic " + opaque, `{"refresh_token": "` + opaque + `"}`,
		`{\"access_token\":\"` + opaque + `\"}`, "api_key=" + opaque, "X-Api-Key: " + opaque, "password='" + opaque + "'",
		"https://hooks.slack.com/services/T0/B0/" + opaque, "https://discord.com/api/webhooks/1/" + opaque + "?wait=1",
		"https://x.webhook.office.com/webhookb2/" + opaque,
		"https://api.telegram.org/bot1:" + opaque + "/send", "https://" + opaque + ":pw@host/",
		"/simple?token=" + opaque + "/litellm/", `headers={'cookie': '` + opaque + `'}`,
		`{"private_key":"-----BEGIN PRIVATE KEY-----\nMII` + opaque + `\n-----END PRIVATE KEY-----\n","b":1}`,
		"-----BEGIN RSA PRIVATE KEY-----" + opaque,
	} {
		if got := string(s.Scrub([]byte(line))); strings.Contains(got, opaque[4:20]) {
			t.Errorf("%q is %q", line, got)
		}
	}
	for _, clean := range []string{
		"https://host/services/list", "https://hooks.example", "https://api.telegram.org/docs",
		"prompt_tokens: 12, total_tokens=123456789012345", "token: 7", "the key: .router/secrets/gateway.key",
		"a basic question of 2026-01-01", "Bearer token missing",
		"key=", `{"error":{"code":"invalid_api_key"}}`, "ESC [32m", "100%", `\`, "%", "\x1b[",
	} {
		if got := string(s.Scrub([]byte(clean))); got != clean {
			t.Errorf("%q is %q", clean, got)
		}
	}
}

func TestAConfigurationShowsNoPrivateKeyUnderAnyName(t *testing.T) {
	t.Parallel()
	for _, pem := range []string{"-----BEGIN PRIVATE KEY-----\n" + opaque + "\n-----END PRIVATE KEY-----\n",
		"-----BEGIN OPENSSH PRIVATE KEY-----\n" + opaque} {
		if got := redact.NamedValue("unknown", pem); strings.Contains(got, opaque[4:20]) {
			t.Errorf("%s", got)
		}
	}
	if public := "-----BEGIN PUBLIC KEY-----\n" + opaque; redact.NamedValue("unknown", public) != public {
		t.Error("a public key is hidden")
	}
}

func FuzzLogScrubber(f *testing.F) {
	for _, seed := range []string{`\`, "%", "\x1b[3", "Bearer ", "key=", "-----BEGIN PRIVATE KEY-----", "İ bearer x",
		`\u`} {
		f.Add(seed)
	}
	s := redact.NewLogScrubber()
	f.Fuzz(func(t *testing.T, before string) {
		if got := string(s.Scrub([]byte(before + " sk-ant-" + opaque + " "))); strings.Contains(got, "ant-"+opaque) {
			t.Errorf("%q is %q", before, got)
		}
	})
}

// TestEachPrefixIsFoundBehindTextOfOtherBytes goes through the whole list.
func TestEachPrefixIsFoundBehindTextOfOtherBytes(t *testing.T) {
	t.Parallel()
	for _, prefix := range redact.Prefixes() {
		key := prefix + opaque + opaque
		if got := redact.Words("(é) " + key); strings.Contains(got, opaque) || !strings.HasPrefix(got, "(é) ") {
			t.Errorf("%q is %q", key, got)
		}
		if len(prefix) < 2 {
			t.Errorf("%q has less than the two bytes that are compared first", prefix)
		}
	}
}
