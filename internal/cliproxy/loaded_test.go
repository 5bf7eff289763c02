package cliproxy_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/cliproxy"
)

// ownFile writes a configuration file of CLIProxyAPI and returns its path.
func ownFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cliproxyapi.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheDigestOfAFileIsThatOfItsMeaning(t *testing.T) {
	t.Parallel()
	digest := func(text string) string {
		d, err := cliproxy.DigestFile(ownFile(t, text))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	base := digest("port: 8317\nremote-management:\n  secret-key: plain\n  allow-remote: false\n")
	same := "# a comment\nremote-management: {allow-remote: false, secret-key: $2a$10$hash}\nport: 8317\n"
	if digest(same) != base {
		t.Error("a comment, the order or the hash in place of the management key changed the digest")
	}
	if digest("port: 8318\nremote-management: {allow-remote: false}\n") == base {
		t.Error("another port has the same digest")
	}
	if digest("port: 8317\nremote-management: {allow-remote: true}\n") == base {
		t.Error("another setting of the management has the same digest")
	}
}

func TestADigestOfNoConfigurationIsAnErrorWithoutItsText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"- a list\n", "api-keys: [\"sk-secret-0123456789\"\n", "port: 1\nport: 2\n"} {
		if _, err := cliproxy.DigestFile(ownFile(t, text)); err == nil {
			t.Errorf("%q has a digest", text)
		} else if strings.Contains(err.Error(), "sk-secret") {
			t.Errorf("the error quotes the file: %v", err)
		}
	}
	if _, err := cliproxy.DigestFile(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a missing file has a digest")
	}
}

func TestAFileThatIsReplacedIsToldFromOneThatIsChangedInPlace(t *testing.T) {
	t.Parallel()
	path := ownFile(t, "port: 1\n")
	time.Sleep(20 * time.Millisecond) // file systems keep times by the tick of the clock, of at most 10 ms
	before := time.Now()
	time.Sleep(20 * time.Millisecond)
	if err := os.WriteFile(path, []byte("port: 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if cliproxy.IsReplacedSince(path, before) {
		t.Error("a change in place counts as a replacement")
	}
	if err := os.Rename(ownFile(t, "port: 3\n"), path); err != nil {
		t.Fatal(err)
	}
	if !cliproxy.IsReplacedSince(path, before) {
		t.Error("a replacement counts as a change in place")
	}
}

// reply is what the real CLIProxyAPI 7 answers to GET /v0/management/config, shortened.
const reply = `{"tls":{"enable":false,"cert":"","key":""},"debug":false,"request-retry":3,"api-keys":["sk-one"],
"routing":{"strategy":"round-robin"},"openai-compatibility":[{"name":"a","base-url":"http://127.0.0.1:1/v1",
"api-key-entries":[{"api-key":"k","proxy-url":""}],"models":[{"name":"m","alias":"n"}]}],"payload":{"default":null},
"codex-api-key":null,"passthrough-headers":true}`

func TestUnloadedNamesTheKeysThatTheServerDoesNotHave(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v0/management/config" || r.Header.Get("Authorization") != "Bearer key" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write([]byte(reply))
	}))
	defer server.Close()
	const compatible = "openai-compatibility:\n- name: a\n  base-url: http://127.0.0.1:1/v1\n  api-key-entries: [{api-key: k}]\n"
	cases := map[string][]string{
		"":                                nil,
		"port: 1\nhost: x\nauth-dir: y\n": nil, // the server does not tell them
		"debug: false\nrequest-retry: 3\napi-keys: [sk-one]\nunknown: 1\ncodex-api-key: []\n": nil,
		compatible + "  models: [{name: m, alias: n}]\n":                                      nil,
		compatible + "  models: [{name: m, alias: other}]\n":                                  {"openai-compatibility"},
		compatible + "- {name: second}\n":                                                     {"openai-compatibility"},
		"debug: true\napi-keys: [sk-two]\nrequest-retry: 3\n":                                 {"api-keys", "debug"},
		"routing: {strategy: fill-first}\n":                                                   {"routing"},
		"tls: {enable: true}\npassthrough-headers: false\n":                                   {"passthrough-headers", "tls"},
		"codex-api-key: [{api-key: k}]\n":                                                     {"codex-api-key"},
	}
	for text, want := range cases {
		client := &cliproxy.Client{Base: server.URL, Key: "key", HTTP: server.Client()}
		got, err := client.Unloaded(t.Context(), ownFile(t, text))
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v %v, want %v", text, got, err, want)
		}
	}
	client := &cliproxy.Client{Base: server.URL, Key: "key", HTTP: server.Client()}
	if _, err := client.Unloaded(t.Context(), ownFile(t, "a: [\n")); err == nil {
		t.Error("a file that is not YAML is compared")
	}
}
