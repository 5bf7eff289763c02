package scaffold_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/scaffold"
)

// take takes a LiteLLM configuration of that text.
func take(t *testing.T, text string) (scaffold.Source, string) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := scaffold.TakeFile(path, dir, nil, withKeys)
	if err != nil {
		t.Fatal(err)
	}
	return s, dir
}

// entries returns a model_list of "group model" pairs.
func entries(pairs ...string) string {
	text := "model_list:\n"
	for _, pair := range pairs {
		group, model, _ := strings.Cut(pair, " ")
		text += "  - {model_name: " + group + ", litellm_params: {model: " + model + "}}\n"
	}
	return text
}

func TestTheGroupsForAgentsAreChosen(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		entries("a openai/gpt-5", "b anthropic/claude-sonnet-4-5", "c anthropic/claude-haiku-4-5"): {"b", "c"},
		entries("small groq/llama-8b", "big groq/llama-70b"):                                       {"big", "small"},
		entries("flash gemini/gemini-2.5-flash"):                                                   {"flash", ""},
		entries("pro gemini/gemini-2.5-pro", "emb voyage/voyage-3"):                                {"pro", ""},
		entries("emb voyage/voyage-3"):                                                             {"", ""},
		entries("\"openai/*\" \"openai/*\""):                                                       {"", ""},
		entries("lost sagemaker/x", "kept groq/x"):                                                 {"kept", ""},
		strings.Replace(entries("locked anthropic/claude-x", "open groq/x"), "claude-x", "claude-x, api_key: os.environ/UNSET_KEY",
			1): {"open", ""},
	} {
		if s, _ := take(t, text); s.Default != want[0] || s.Fast != want[1] {
			t.Errorf("%s: %q and %q, not %q", text, s.Default, s.Fast, want)
		}
	}
}

func TestAFileOfWindowsIsTaken(t *testing.T) {
	t.Parallel()
	s, dir := take(t, "\xef\xbb\xbf--- # theirs\r\n"+strings.ReplaceAll(entries("a openai/gpt-5"), "\n", "\r\n")+
		"x: |\r\n  two\r\n\r\n  lines\r\n...\r\n")
	if _, err := scaffold.Init(scaffold.Options{Dir: dir, Now: now, Source: &s}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "config", "flowgate.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	want := "litellm_base:\n  model_list:\n    - {model_name: a, litellm_params: {model: openai/gpt-5}}\n" +
		"  x: |\n    two\n\n    lines\n\n# Overlays"
	if !strings.Contains(string(text), want) {
		t.Errorf("%s", text)
	}
}

func TestKeysInTheEnvironmentAreOffered(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "litellm.yaml"), []byte("model_list: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, o := range scaffold.FindOffers(t.Context(), dir, "", func(name string) string {
		return map[string]string{"GROQ_API_KEY": "gsk_secret", "OTHER_API_KEY": "x"}[name]
	}) {
		_, command, _ := strings.Cut(o.Command, " init ")
		found = append(found, o.Found+": "+command)
		if strings.Contains(o.Found+o.Command, "gsk_secret") {
			t.Error("the key is shown")
		}
	}
	for _, want := range []string{"GROQ_API_KEY is set: -upstream=groq",
		filepath.Join(dir, "litellm.yaml") + " is a LiteLLM configuration: -from=" + filepath.Join(dir, "litellm.yaml")} {
		if !slices.Contains(found, want) {
			t.Errorf("%q is not in %q", want, found)
		}
	}
}
