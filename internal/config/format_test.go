package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/fault"
)

func TestAFormatIsRecognisedByItsKeys(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]config.Format{
		"model_list: []\n":                                         config.FormatLiteLLM,
		"\xef\xbb\xbf# mine\nrouter_settings: {}\n":                config.FormatLiteLLM,
		"{\"model_list\": []}":                                     config.FormatLiteLLM,
		"config_version: 2\nmodel_list: []\n":                      config.FormatFlowGate,
		"litellm_base:\n  model_list: []\n":                        config.FormatFlowGate,
		"{\n// mine\n\"Providers\": [], /* and */ \"Router\": {}}": config.FormatClaudeCodeRouter,
		"theme: dark\n":                                            config.FormatFlowGate,
		"":                                                         config.FormatFlowGate,
		"- 1\n":                                                    config.FormatFlowGate,
	} {
		if got := config.RecognizeFormat([]byte(text)); got != want {
			t.Errorf("%q is %s, not %s", text, got, want)
		}
	}
}

func TestAFileOfAnotherRouterIsNamedWithWhatTakesIt(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"model_list: []\n":                         "this is a LiteLLM configuration, not a flowgate.yaml",
		"{\n// with a comment\n\"Providers\": []}": "this is the configuration of claude-code-router",
	} {
		path := filepath.Join(t.TempDir(), "their file.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := config.Load(path, environ)
		f := fault.From(err)
		if f.Code != "config-foreign" || f.Exit != fault.ExitUsage || !strings.Contains(f.Message, path+":1:1: "+want) ||
			!strings.Contains(f.Hint, "init -from='"+path+"'") {
			t.Errorf("%+v", f)
		}
	}
}

func TestCommentsInJSONAreBlankedAndPlacesStay(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{\"a\": 1, // one\n\"b\": \"x // y /* z */ \\\" // q\"}": "{\"a\": 1,       \n\"b\": \"x // y /* z */ \\\" // q\"}",
		"{/* a\nb */\"c\": http://h/v1}":                          "{    \n    \"c\": http://h/v1}",
		"a: b // c\n":                                             "a: b // c\n",
		"{\"a\": 1} // no end":                                    "{\"a\": 1}          ",
		"{\"a\": 1 /* no end":                                     "{\"a\": 1          ",
		"{\"open":                                                 "{\"open",
	} {
		if got := string(yamlnode.BlankComments([]byte(text))); got != want {
			t.Errorf("%q became %q, not %q", text, got, want)
		}
	}
}

func FuzzBlankComments(f *testing.F) {
	f.Add("{\"a\": 1, // one\n/* two */ \"b\": \"//\"}")
	f.Fuzz(func(t *testing.T, text string) {
		got := yamlnode.BlankComments([]byte(text))
		if len(got) != len(text) || strings.Count(string(got), "\n") != strings.Count(text, "\n") {
			t.Errorf("%q became %q", text, got)
		}
	})
}
