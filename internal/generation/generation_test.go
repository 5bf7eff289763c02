package generation_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/generation"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/internal/scaffold"
)

func noEnv(string) string { return "" }

// initialised returns a folder as mage init leaves it, with a profile in force.
func initialised(t testing.TB) *config.Config {
	t.Helper()
	dir := t.TempDir()
	cfg, err := scaffold.WritePrivate(dir, 4000, 8317, "")
	if err != nil {
		t.Fatal(err)
	}
	setProfile(t, cfg, "balanced")
	return cfg
}

func setProfile(t testing.TB, cfg *config.Config, profile string) {
	t.Helper()
	active, err := policy.Prepare(cfg, profile, noEnv)
	if err == nil {
		_, err = policy.Write(cfg, active, time.Now())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func record(t testing.TB, cfg *config.Config, reason string) (generation.Generation, bool) {
	t.Helper()
	g, recorded, err := generation.Record(
		t.Context(),
		generation.RecordRequest{Config: cfg, Reason: reason, Now: time.Now(), Secrets: policy.KnownSecrets(cfg, noEnv),
			Env: runtimestore.Environment{Self: "/self", Version: "1.2.3"}},
	)
	if err != nil {
		t.Fatal(err)
	}
	return g, recorded
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if f := (*fault.Error)(nil); !errors.As(err, &f) || f.Code != code {
		t.Fatalf("want %s, got %v", code, err)
	}
}

func TestAStateIsRecordedOnceAndTheLastTwentyAreKept(t *testing.T) {
	t.Parallel()
	cfg := initialised(t)
	root := cfg.Paths.Root()
	first, recorded := record(t, cfg, "start")
	if !recorded || first.Number != 1 || !first.Ready || first.Profile != "balanced" || len(first.Runtimes) != 2 ||
		first.Runtimes[1].Version != "1.2.3" {
		t.Fatalf("%+v", first)
	}
	if again, recorded := record(t, cfg, "start"); recorded || again.Number != 1 {
		t.Errorf("the same state was recorded twice: %+v", again)
	}
	if _, err := generation.Pin(t.Context(), root, 1, true); err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		setProfile(t, cfg, []string{"cost", "reliability"}[i%2])
		record(t, cfg, "profile:set")
	}
	all, current, err := generation.List(root)
	if err != nil || len(all) != generation.MaxKept+1 || current != 31 || all[0].Number != 1 || all[1].Number != 12 {
		t.Fatalf("%d kept, current %d, %v", len(all), current, err)
	}
	if g, err := generation.FindPrevious(all, current); err != nil || g.Number != 30 {
		t.Errorf("before: %+v, %v", g, err)
	}
	d, err := generation.Diff(root, 30, 31)
	if err != nil || len(d.Changes) != 2 || d.Changes[0].From != "cost" && d.Changes[0].To != "cost" ||
		len(d.Changes[1].Diff) < 5 {
		t.Errorf("%+v, %v", d, err)
	}
	_, err = generation.Find(root, 5)
	wantCode(t, err, "generation-unknown")
}

func TestADamagedGenerationIsNamedAndTheOthersStay(t *testing.T) {
	t.Parallel()
	cfg := initialised(t)
	record(t, cfg, "start")
	setProfile(t, cfg, "cost")
	record(t, cfg, "profile:set")
	root := cfg.Paths.Root()
	text := filepath.Join(root, "generations", "0001", "flowgate.yaml")
	if err := os.WriteFile(text, []byte("config_version: 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := generation.Find(root, 1)
	wantCode(t, err, "generation-damaged")
	if err := os.WriteFile(filepath.Join(root, "generations", "0002", "generation.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = generation.Find(root, 2)
	wantCode(t, err, "generation-damaged")
	if all, _, err := generation.List(root); err != nil || len(all) != 1 {
		t.Errorf("%+v, %v", all, err)
	}
	if g, recorded := record(t, cfg, "start"); !recorded || g.Number != 3 {
		t.Errorf("a damaged one's number was used again: %+v", g)
	}
}

func TestNoKeyIsInAGeneration(t *testing.T) {
	t.Parallel()
	cfg := initialised(t)
	secrets := map[string]string{
		"inline":  "sk-inline-canary-0123456789",
		"quoted":  `p4ss "word" canary`,
		"comment": "sk-comment-canary-0123456789",
		"short":   "cnry1",
	}
	proxy := filepath.Join(filepath.Dir(cfg.File), "cliproxyapi.yaml")
	text := fmt.Sprintf(
		"# old: %s\nport: 8317\napi-keys:\n  - %s\nremote-management:\n  secret-key: '%s'\n  password: %s\n",
		secrets["comment"],
		secrets["inline"],
		secrets["quoted"],
		secrets["short"],
	)
	if err := os.WriteFile(proxy, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg.CLIProxyConfigFile = proxy
	g, _ := record(t, cfg, "start")
	for _, known := range policy.KnownSecrets(cfg, noEnv) {
		secrets[known] = known
	}
	_ = filepath.WalkDir(
		filepath.Join(cfg.Paths.Root(), "generations"),
		func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, _ := os.ReadFile(path)
			for name, value := range secrets {
				if strings.Contains(string(data), value) {
					t.Errorf("%s holds the key %s", path, name)
				}
			}
			if info, _ := d.Info(); info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v", path, info.Mode())
			}
			return nil
		},
	)
	part, err := g.ReadPart(cfg.Paths.Root(), generation.PartProxy)
	if err != nil {
		t.Fatal(err)
	}
	key, err := generation.SecretKey(cfg.Paths.Secrets())
	if err != nil {
		t.Fatal(err)
	}
	if back, missing := part.Open(key, nil, []byte(text)); string(back) != text || len(missing) > 0 {
		t.Errorf("put back: %v\n%s", missing, back)
	}
	// The program wrote a digest in the password's place, and the inline key is only in a word of a broken text.
	rotated := strings.Replace(text, secrets["quoted"], "$2a$10$hash", 1)
	back, missing := part.Open(key, nil, []byte(rotated), []byte("{{ "+secrets["inline"]))
	if string(back) != rotated || len(missing) > 0 {
		t.Errorf("after a rotation: %v\n%s", missing, back)
	}
	if _, missing := part.Open(key, nil); len(missing) != 4 {
		t.Errorf("nothing is there any more: %v", missing)
	}
}

func TestAnotherValueOfAShortSecretDoesNotTakeThePlaceOfANumber(t *testing.T) {
	t.Parallel()
	key := []byte("k")
	sealed, err := generation.Seal([]byte("version: 1\npassword: 1\n"), key, nil)
	if err != nil {
		t.Fatal(err)
	}
	if back, missing := sealed.Open(key, nil, []byte("password: 1")); string(back) != "version: 1\npassword: 1\n" ||
		len(missing) > 0 {
		t.Errorf("the same: %q, %v", back, missing)
	}
	if back, missing := sealed.Open(key, nil, []byte("password: 2")); len(missing) != 1 ||
		strings.Contains(string(back), "version: 2") {
		t.Errorf("another: %q, %v", back, missing)
	}
}

func TestTheFolderIsFoundThoughTheFileDoesNotParse(t *testing.T) {
	t.Parallel()
	cfg := initialised(t)
	record(t, cfg, "start")
	for _, text := range []string{"{{{", "", "paths: [runtime_dir: \"" + cfg.Paths.RuntimeDir + "\""} {
		if err := os.WriteFile(cfg.File, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if root, err := generation.FindRoot(cfg.File, ""); err != nil || root != cfg.Paths.Root() {
			t.Errorf("%q: %q, %v", text, root, err)
		}
	}
	_, err := generation.FindRoot(filepath.Join(t.TempDir(), "flowgate.yaml"), "")
	wantCode(t, err, "generation-unknown")
}

// FuzzSeal: what is sealed comes back byte for byte, and no key of the text is in it.
func FuzzSeal(f *testing.F) {
	f.Add("api_key: sk-0123456789abcdef\nname: x\n", "sk-0123456789abcdef")
	f.Add("api-keys: [a, \"b\", 'c']\nport: 1\n", "a")
	f.Add("password: |\n  two\n  lines\n", "two")
	f.Add("secret: \"\\x41bc\"\n", "Abc")
	f.Add("«flowgate-secret-0»", "")
	f.Fuzz(func(t *testing.T, text, known string) {
		sealed, err := generation.Seal([]byte(text), []byte("k"), []string{known})
		if err != nil {
			return
		}
		if back, missing := sealed.Open([]byte("k"), []string{known}, []byte(text)); string(back) != text ||
			len(missing) > 0 {
			t.Errorf("%q came back as %q, missing %v", text, back, missing)
		}
	})
}

func BenchmarkAThousand(b *testing.B) {
	cfg := initialised(b)
	record(b, cfg, "start")
	dir := filepath.Join(cfg.Paths.Root(), "generations")
	data, err := os.ReadFile(filepath.Join(dir, "0001", "generation.json"))
	if err != nil {
		b.Fatal(err)
	}
	for n := 2; n <= 1000; n++ {
		folder := filepath.Join(dir, fmt.Sprintf("%04d", n))
		text := strings.Replace(string(data), `"number": 1,`, fmt.Sprintf(`"number": %d,`, n), 1)
		if err := errors.Join(os.CopyFS(folder, os.DirFS(filepath.Join(dir, "0001"))),
			os.WriteFile(filepath.Join(folder, "generation.json"), []byte(text), 0o600)); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("list", func(b *testing.B) {
		for b.Loop() {
			if all, _, err := generation.List(cfg.Paths.Root()); err != nil || len(all) != 1000 {
				b.Fatal(len(all), err)
			}
		}
	})
	b.Run("show", func(b *testing.B) {
		for b.Loop() {
			if _, err := generation.Show(cfg.Paths.Root(), 777); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func TestALongRecordIsListedToo(t *testing.T) {
	t.Parallel()
	cfg := initialised(t)
	record(t, cfg, "start")
	file := filepath.Join(cfg.Paths.Root(), "generations", "0001", "generation.json")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Replace(string(data), `"profile":`, `"note": "`+strings.Repeat("x", 5000)+`", "profile":`, 1)
	if err := os.WriteFile(file, []byte(long), 0o600); err != nil {
		t.Fatal(err)
	}
	if all, _, err := generation.List(cfg.Paths.Root()); err != nil || len(all) != 1 || all[0].Number != 1 {
		t.Fatalf("%v %v", all, err)
	}
}

// TestNoSecretOfAnyKindIsInASealedText has secrets where a configuration may
// have them besides keys, in the ways that YAML can write them.
func TestNoSecretOfAnyKindIsInASealedText(t *testing.T) {
	t.Parallel()
	text := []byte(`model_list:
- model_name: m
  litellm_params:
    model: openai/m
    api_base: "https://user:CANARYuserinfo1@host/v1?key=CANARYquery123&api-version=1"
    extra_headers: {X-Auth: CANARYheader123, X-Trace-Url: 'CANARYheader456'}
    vertex_credentials: '{"type":"service_account","private_key":"-----BEGIN PRIVATE KEY-----\nCANARYprivate1\nCANARYprivate2\n-----END PRIVATE KEY-----\n","client_email":"a@b.c"}'
- model_name: n
  litellm_params:
    model: openai/n
    vertex_credentials: "{\"private_key\":\"CANARYescaped123\\nCANARYescaped456\"}"
    vertex_credentials_2: |
      {"private_key": "CANARYblock12345"}
general_settings:
  alerting_args: {webhook_url: "https://hooks.example/T0/B0/CANARYwebhook1"}
services:
  litellm: {env: {UNKNOWN_NAME: CANARYenvironment, PORT_NUMBER: 4000, LEVEL: info}}
environment_variables: {WHATEVER: CANARYvariable1}
`)
	key := []byte("key")
	sealed, err := generation.Seal(text, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(sealed.Text), "CANARY") {
		t.Errorf("%s", sealed.Text)
	}
	if back, missing := sealed.Open(key, nil, text); string(back) != string(text) || len(missing) > 0 {
		t.Errorf("missing %q:\n%s", missing, back)
	}
}
