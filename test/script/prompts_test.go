package script_test

import (
	"bytes"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPromptsAreWrittenNowhere looks for the text of prompts, which the echo upstream repeats in its
// replies, in every file of an installation that has answered and refused requests.
func TestPromptsAreWrittenNowhere(t *testing.T) {
	t.Parallel()
	const prompt = "heliotrope-wombat-4711"
	in := startInstallation(t)
	router := strings.TrimSpace(in.run("status", "-jq", `.data.services[]|select(.name=="litellm").url`, "-raw").stdout)
	group := strings.TrimSpace(in.run("config:show", "-jq", `[..|.model_name?|strings][0]`, "-raw").stdout)
	key, err := os.ReadFile(filepath.Join(in.dir, ".router", "secrets", "gateway.key"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/v1/chat/completions", "/v1/messages"} {
		for model, status := range map[string]int{group: 200, "no-such-model": 400} {
			body := `{"model":"` + model + `","max_tokens":9,"messages":[{"role":"user","content":"` + prompt + `"}]}`
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, router+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(key)))
			req.Header.Set("Content-Type", "application/json")
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != status {
				t.Errorf("%s of %q: %s", path, model, res.Status)
			}
		}
	}
	in.run("stop") // which writes the rest of the ledger
	if searched := findText(t, in.dir, prompt); searched < 10 {
		t.Errorf("only %d files were searched", searched)
	}
}

// findText reports each file below dir with the text in it and returns how many it has read.
func findText(t *testing.T, dir, text string) (files int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(text)) {
			t.Errorf("%s has the prompt", path)
		}
		files++
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
