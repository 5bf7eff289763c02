package rewrite_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config/rewrite"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
)

const withKeys = `# the team's router
model_list:
  - model_name: a # first
    litellm_params:
      model: openai/gpt-5
      api_key: sk-aaaaaaaaaaaaaaaa # of the team
  - {model_name: b, litellm_params: {model: openai/gpt-5-mini, api_key: "sk-bbbbbbbbbbbbbbbb"}}
  - {model_name: c, litellm_params: {model: openai/local, api_base: "http://h/v1?api-version=1", api_key: none}}
  - {model_name: d, litellm_params: {model: openai/gpt-5, api_key: os.environ/OPENAI_API_KEY}}
  - {model_name: e, litellm_params: {model: groq/x, api_key: 'sk-aaaaaaaaaaaaaaaa'}}
  - {model_name: f, litellm_params: {model: groq/x, api_key: *shared}}
x-keys:
  one: &shared gsk_cccccccccccccccccccc
environment_variables: {OTHER_API_KEY: eeeeeeeeeeeeeeee, PORT: 6379, MODE: production-eu}
litellm_settings:
  extra_headers: {HTTP-Referer: "https://x.example/?page=1", Authorization: "Bearer dddddddddddddddd"}
general_settings:
  master_key: sk-master
  database_url: "postgresql://u:ffffffff@db/x"
`

// keepName leaves included files where they are.
func keepName(name string) string { return name }

func TestIncludedFilesAreNamedFromTheNewPlace(t *testing.T) {
	t.Parallel()
	x, problems := rewrite.ExtractSecrets("c.yaml", []byte("include: [a.yaml, 'b.yaml'] # both\nmodel_list: []\n"),
		func(name string) string { return "../" + name })
	if want := "include: [\"../a.yaml\", \"../b.yaml\"] # both\nmodel_list: []\n"; len(problems) > 0 ||
		string(x.Text) != want {
		t.Errorf("%s %v", x.Text, problems)
	}
}

// withHeader has the anchor before its alias.
func withHeader() string {
	head, tail, _ := strings.Cut(withKeys, "x-keys:\n")
	anchor, rest, _ := strings.Cut(tail, "\n")
	return "x-keys:\n" + anchor + "\n" + head + rest + "\n"
}

func TestKeysAreReplacedAndEverythingElseStays(t *testing.T) {
	t.Parallel()
	text := withHeader()
	x, problems := rewrite.ExtractSecrets("c.yaml", []byte(text), keepName, "upstream")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	want := text
	for old, replacement := range map[string]string{
		"api_key: sk-aaaaaaaaaaaaaaaa #":               "api_key_ref: openai #",
		`api_key: "sk-bbbbbbbbbbbbbbbb"`:               `api_key_ref: "openai-2"`,
		"api_key: 'sk-aaaaaaaaaaaaaaaa'":               "api_key_ref: 'openai'",
		"api_key: *shared":                             "api_key_ref: *shared",
		"one: &shared gsk_cccccccccccccccccccc":        "one_ref: &shared one",
		"OTHER_API_KEY: eeeeeeeeeeeeeeee":              "OTHER_API_KEY_ref: other-api-key",
		`Authorization: "Bearer dddddddddddddddd"`:     `Authorization_ref: "authorization"`,
		"master_key: sk-master":                        "master_key_ref: gateway",
		`database_url: "postgresql://u:ffffffff@db/x"`: `database_url_ref: "database-url"`,
	} {
		want = strings.Replace(want, old, replacement, 1)
	}
	if string(x.Text) != want {
		t.Errorf("%s\nnot\n%s", x.Text, want)
	}
	values := map[string]string{}
	for _, s := range x.Secrets {
		values[s.Name] = s.Value
	}
	for name, value := range map[string]string{"openai": "sk-aaaaaaaaaaaaaaaa", "openai-2": "sk-bbbbbbbbbbbbbbbb",
		"one": "gsk_cccccccccccccccccccc", "gateway": "sk-master", "database-url": "postgresql://u:ffffffff@db/x"} {
		if values[name] != value {
			t.Errorf("%s is %q", name, values[name])
		}
	}
	for _, value := range values {
		if strings.Contains(string(x.Text), value) {
			t.Errorf("%q is still there", value)
		}
	}
}

func TestAKeyThatCannotBeMovedIsNamed(t *testing.T) {
	t.Parallel()
	for text, place := range map[string]string{
		"a: 1\nkeys:\n  api_key: [sk-aaaaaaaaaaaaaaaa]\n":  "3:13",
		"a: 1\nb:\n  api_key: |\n    sk-aaaaaaaaaaaaaa\n":  "3:",
		"a: 1\nb:\n  api_key: \"sk-aaaaaaaaa\n    bbb\"\n": "3:12",
	} {
		_, problems := rewrite.ExtractSecrets("c.yaml", []byte(text), keepName)
		if len(problems) != 1 || problems[0].Code != "secret-unmovable" ||
			!strings.HasPrefix(problems[0].String(), "c.yaml:"+place) || strings.Contains(problems[0].String(), "sk-a") {
			t.Errorf("%q: %v", text, problems)
		}
	}
}

func FuzzExtractSecrets(f *testing.F) {
	f.Add(withHeader())
	f.Add("a: &a {api_key: sk-aaaaaaaaaaaaaaaa}\nb: {<<: *a}\n")
	f.Add("{\"model_list\": [{\"litellm_params\": {\"api_key\": \"sk-aaaaaaaaaaaaaaaa\"}}]}")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 5000 {
			return
		}
		x, problems := rewrite.ExtractSecrets("c.yaml", []byte(text), keepName)
		if len(problems) > 0 || x.Root == nil {
			return
		}
		if yamlnode.ParseLong(yamlnode.NewDiagnosis("c.yaml"), x.Text) == nil {
			t.Errorf("%q became %q", text, x.Text)
		}
	})
}

func FuzzExtractKeys(f *testing.F) {
	for _, text := range []string{withHeader(), "model_list: [{litellm_params: {api_key: sk-aaaaaaaaaaaaaaaa}}]\n"} {
		f.Add("litellm_base:\n  " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ") + "\nprofiles: {a: {}}\n")
	}
	f.Add("a: &a {api_key: sk-aaaaaaaaaaaaaaaa}\nlitellm_base: {<<: *a}\ncredentials: {upstream: {b: {file: c}}}\n")
	f.Add("litellm_base: {a: 1}\nprofiles:\n  b: {c_key: \"://00000000@\"!000}") // accepted, and not once it is changed
	f.Add("{\"litellm_base\": {\"api_key\": \"sk-aaaaaaaaaaaaaaaa\"}}")
	f.Add("profiles:\n  a:\n    general_settings: {master_key: 'it''s'}\ncredentials:\n  note: 1\n")
	places := rewrite.KeyPlaces{File: func(name string) string { return name + ".key" }}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 5000 {
			return
		}
		x, problems, err := rewrite.ExtractKeys("c.yaml", []byte(text), places)
		if err != nil || x.Root == nil {
			return
		}
		if yamlnode.Parse(yamlnode.NewDiagnosis("c.yaml"), x.Text) == nil {
			t.Errorf("%q became %q", text, x.Text)
		}
		again, left, err := rewrite.ExtractKeys("c.yaml", x.Text, places)
		if err != nil || len(again.Moves) > 0 || len(left) > len(problems) {
			t.Errorf("%q became %q, and then %+v %v %v", text, x.Text, again.Moves, left, err)
		}
	})
}
