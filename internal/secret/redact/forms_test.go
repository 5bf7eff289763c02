package redact_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

func TestALogHasNoKnownSecretInAnyForm(t *testing.T) {
	t.Parallel()
	const secret = `tok/en+1"2ü345678`
	s := redact.NewLogScrubber(secret, "short")
	for _, form := range []string{
		secret, hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret))),
		url.QueryEscape(secret), url.PathEscape(secret), `tok/en+1\"2ü345678`,
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte("a:" + secret + ":b")),
		base64.StdEncoding.EncodeToString([]byte("ab:" + secret)), base64.URLEncoding.EncodeToString([]byte("x" + secret)),
	} {
		got := string(s.Scrub([]byte("before " + form + " after")))
		if strings.Contains(got, form) || !strings.HasPrefix(got, "before ") || !strings.HasSuffix(got, " after") ||
			!strings.Contains(got, "…") {
			t.Errorf("%s: %s", form, got)
		}
	}
	if got := string(s.Scrub([]byte("a short line"))); got != "a short line" {
		t.Errorf("%s", got)
	}
}

func TestALogHasNoWordThatLooksLikeAKeyAndNoSecretInAnAddress(t *testing.T) {
	t.Parallel()
	s := redact.NewLogScrubber()
	for line, hidden := range map[string]string{
		`{"token":"sk-ant-REDACTED"}`: "abcdefgh", "Authorization: Bearer ya29.ABCDEFGHIJKLMNOPQRST": "ABCDEFGH",
		"GET https://user:hunter22@host/p?key=hunter23&x=hunter24#t=hunter25 200": "hunter2",
		"k=ghp_0123456789abcdefghij,": "0123456789",
	} {
		if got := string(s.Scrub([]byte(line))); strings.Contains(got, hidden) {
			t.Errorf("%s", got)
		}
	}
	for _, clean := range []string{"POST /v1/chat/completions 200 12 ms", "http://127.0.0.1:8317/v1 answers",
		"task-sk-1 done", "model gpt-5.1-codex"} {
		if got := string(s.Scrub([]byte(clean))); got != clean {
			t.Errorf("%s is %s", clean, got)
		}
	}
}

func TestAKeyThatIsGluedToAWordIsShortened(t *testing.T) {
	t.Parallel()
	random := strings.Repeat("0a1b2c3d", 3)
	for text, want := range map[string]string{
		"claude-sk-" + random: "claude-sk-…2c3d", "my_sk-" + random + ".": "my_sk-…c3d.", "a.sk-12345678-x": "a.sk-…78-x",
		"sessionsk-ant-api03-" + random: "sessionsk-…2c3d", "x9sk-proj-" + random: "x9sk-…2c3d", "usk_live_" + random: "u…2c3d",
		"userghp_" + random: "user…2c3d", "keyAIza" + random + "0a1b2c": "key…1b2c", "a-ghp_" + random: "a-…2c3d",
		`{"session":"run-7-nvapi-` + random + `"}`: `{"session":"run-7-…2c3d"}`,
	} {
		if got := redact.Words(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	for _, clean := range []string{"task-" + random, "disk_" + random, "gpt-sk-something-long", "risk-management-2026-11-30",
		"user-self_hosted_models", "meta-llama.fw_", "3f2b1c4d-sk-1", "a-sk-1234567", "2026-11-30-" + random} {
		if got := redact.Words(clean); got != clean {
			t.Errorf("%s is %s", clean, got)
		}
	}
}

func TestAnAddressShowsNoPasswordAndNoValueOfItsQuery(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://user:pw@host/p": "https://user:…@host/p", "https://host/p?token=abc&v=": "https://host/p?token=…&v=",
		"https://host?abc":                       "https://host?…",
		"https://ghp_0123456789abcdefghij@host/": "https://…ghij@host/", "http://host:80/a@b": "http://host:80/a@b",
		"https://a:b%zz@host:x/?q=1":         "https://a:…@host:x/?q=…",
		"no address":                         "no address",
		`Get "https://u:p@h/x?k=v": refused`: `Get "https://u:…@h/x?k=…": refused`,
		"http://h/#access_token=x":           "http://h/#…", "http://h/#part": "http://h/#part",
	} {
		if got := redact.URL(address); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}

func TestAConfigurationShowsNoHeaderVariableOrSecretInsideJSON(t *testing.T) {
	t.Parallel()
	shown := fmt.Sprint(redact.Keys(map[string]any{
		"extra_headers":      map[string]any{"X-Auth": "CANARY-1", "X-Name": "CANARY-2", "X-Ref": "os.environ/SHOWN_1"},
		"default-headers":    "CANARY-3",
		"headers":            map[string]any{"X-Callback-Url": "CANARY-4"},
		"env":                map[string]any{"ANY": "CANARY-5", "LEVEL": "SHOWN_2"},
		"webhook_url":        "https://host/CANARY-6",
		"api_base":           "https://host/v1?subscription=CANARY-7",
		"vertex_credentials": `{"private_key":"CANARY-8","client_email":"SHOWN_3"}`,
		"credentials":        map[string]any{"env": "SHOWN_4"}, "list": `[{"token":"CANARY-9"}]`,
		"alerting": map[string]any{"slack_webhook": []any{"CANARY-10"}},
	}))
	if strings.Contains(shown, "CANARY") || strings.Count(shown, "SHOWN") != 4 {
		t.Errorf("%s", shown)
	}
}

func FuzzURL(f *testing.F) {
	for _, seed := range []string{"https://u:p@h/?k=v#f", "://", "a://b@c?d", "x://@?#", "http://h/?a;b=c&d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got := redact.URL("https://u:CANARY@h/?k=CANARY " + text); strings.Contains(strings.TrimSuffix(got, text),
			"=CANARY") || strings.Contains(got, ":CANARY@") && !strings.Contains(text, "CANARY") {
			t.Errorf("%q", got)
		}
	})
}
