package script_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// canaryPrompt is what clients ask, and what the echo answers.
const canaryPrompt = "canary-prompt-4711"

// fetch returns the body of a page, as far as it is 1 MB. key may be empty.
func fetch(t *testing.T, client *http.Client, url, key string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1e6))
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d, %v: %s", url, res.StatusCode, err, body)
	}
	return string(body)
}

// post sends a request with a key, and drops the answer.
func post(t *testing.T, url, key, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
}

// askInAllWays sends the prompt in two dialects, for a model that is there and one that is not, whole and streamed.
func askInAllWays(t *testing.T, url, key string) {
	t.Helper()
	for _, path := range []string{"/v1/chat/completions", "/v1/messages"} {
		for _, model := range []string{"router-default", "absent"} {
			for _, stream := range []bool{false, true} {
				post(t, url+path, key, fmt.Sprintf(`{"model":%q,"stream":%v,"max_tokens":9,"messages":[{"role":"user",`+
					`"content":%q}],"metadata":{"note":%[3]q}}`, model, stream, canaryPrompt))
			}
		}
	}
}

// readAll returns the content of all files of a folder.
func readAll(t *testing.T, folder string) string {
	t.Helper()
	var all strings.Builder
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	for _, file := range files {
		if err == nil {
			var text []byte
			text, err = os.ReadFile(file)
			all.Write(text)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// TestNoObserverHasAPromptOrAKey sends prompts with right and wrong keys through the compiled router: neither its
// ledger's files nor what commands read of them, /metrics or the page have a prompt, an answer, or a key; and each has
// the name of the client, so that it was looked at.
func TestNoObserverHasAPromptOrAKey(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	key := strings.TrimSpace(g.run(t, "key:create alice -rpm=100 -raw -jq .data.key"))
	if !strings.HasPrefix(key, "sk-") {
		t.Fatalf("the key is %q", key)
	}
	const wrong = "sk-wrong-canary-0123456789"
	keys := []string{key, g.key, wrong}
	named := g
	named.key = key
	waitFor(t, "the key is in force", func() bool { return named.ask(t, http.DefaultClient, "x") == nil })
	for _, key := range keys {
		askInAllWays(t, g.url, key)
	}
	const rows = 1 + 2*8 // those with a right key
	waitFor(t, "the rows", func() bool { return strings.Count(g.run(t, "usage:export"), "\n") >= rows })
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	link := strings.TrimSpace(g.run(t, "page -print -raw -jq .data.url"))
	page := fetch(t, browser, link, "")
	address := link[:strings.Index(link, "/open/")]
	waitFor(t, "the client on the page", func() bool {
		page = fetch(t, browser, address+"/", "")
		return strings.Contains(page, "alice")
	})
	seen := map[string]string{"page": page, "/metrics": fetch(t, http.DefaultClient, g.url+"/metrics", g.key)}
	for _, command := range []string{"usage:export", "requests", "usage:report -by=client"} {
		seen[command] = g.run(t, command)
	}
	g.run(t, "stop")
	seen["the files"] = readAll(t, filepath.Join(g.dir, ".router", "usage"))
	for place, text := range seen {
		if !strings.Contains(text, "alice") {
			t.Errorf("%s does not name the client: %.300s", place, text)
		}
		for _, secret := range append(keys, canaryPrompt) {
			if strings.Contains(text, secret) {
				t.Errorf("%s has a prompt or a key", place)
			}
		}
	}
}
