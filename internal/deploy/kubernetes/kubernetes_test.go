package kubernetes_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/deploy"
	"github.com/flowgate-go/flowgate/internal/deploy/kubernetes"
	"github.com/flowgate-go/flowgate/internal/fault"
)

func TestOtherSettingsAreOtherPods(t *testing.T) {
	t.Parallel()
	cfg := install(t, "providers", t.TempDir())
	sums := map[string]bool{}
	for _, profile := range []string{"cost", "balanced", "cost"} {
		o := cases()["providers"]
		o.Profile = profile
		r, err := kubernetes.Render(cfg, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range r.Files {
			if _, rest, found := strings.Cut(f.Content, "checksum/settings: "); found {
				sum, _, _ := strings.Cut(rest, " ")
				sums[sum] = true
			}
		}
	}
	if len(sums) != 2 {
		t.Errorf("checksums: %v", sums)
	}
}

func TestNoSecretIsInAnyFile(t *testing.T) {
	canary := "canary-" + strings.Repeat("5ecret", 4)
	for _, name := range []string{"GROQ_API_KEY", "ANTHROPIC_API_KEY", "MASTER_KEY", "VLLM_KEY", "PROXY_PASSWORD", "REDIS_SECRET",
		"AWS_SECRET_ACCESS_KEY", "OPENAI_API_KEY", "LITELLM_MASTER_KEY"} {
		t.Setenv(name, canary)
	}
	for name := range cases() {
		dir := t.TempDir()
		cfg := install(t, name, dir)
		for _, key := range []string{"gateway.key", "upstream.key", "management.key"} {
			if err := os.WriteFile(filepath.Join(dir, ".router", "secrets", key), []byte(canary+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if file := cfg.CLIProxyConfigFile; file != "" {
			if err := os.WriteFile(file, []byte("port: 8317\napi-keys: ["+canary+"]\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		r, err := kubernetes.Render(cfg, cases()[name])
		if err != nil {
			t.Fatal(err)
		}
		shown, err := r.Show()
		if err != nil || len(shown.Files) < 10 {
			t.Fatal(err)
		}
		for _, f := range shown.Files {
			if strings.Contains(f.Content, canary) || strings.Contains(f.Content, "kind: Secret\n") && f.Path != "secrets.sh" {
				t.Errorf("%s: a secret is in %s", name, f.Path)
			}
		}
	}
}

func TestOptionsThatKubernetesRefusesAreRefused(t *testing.T) {
	t.Parallel()
	cfg := install(t, "accounts", t.TempDir())
	const none = "none" // no image is named; "" stands for a right one
	for says, o := range map[string]kubernetes.Options{
		"-replicas: 0": {}, "-replicas: -1": {Replicas: -1}, "-max: 2 is below": {Replicas: 3, Max: 2},
		`-name: Kubernetes refuses "Team"`: {Replicas: 1, Name: "Team"}, `-name: Kubernetes refuses "a_b"`: {Replicas: 1, Name: "a_b"},
		`-name: Kubernetes refuses "-a"`: {Replicas: 1, Name: "-a"}, "-name: ": {Replicas: 1, Name: strings.Repeat("a", 64)},
		"-host: ": {Replicas: 1, Host: "https://x"}, `-host: "1.2.3.4"`: {Replicas: 1, Host: "1.2.3.4"},
		`there is no component "ingres"`:  {Replicas: 1, With: []string{"ingres"}},
		"-gateway: ":                      {Replicas: 1, With: []string{kubernetes.Gateway}},
		"-image: ":                        {Replicas: 1, Image: "a\nb"},
		"-image: flowgate is another":     {Replicas: 1, Image: "flowgate"},
		"-upstream-image: the upstream":   {Replicas: 1, UpstreamImage: none},
		"-upstream-image: x:latest is":    {Replicas: 1, UpstreamImage: "x:latest"},
		"-upstream-image: host:5000/x is": {Replicas: 1, UpstreamImage: "host:5000/x"},
	} {
		switch o.UpstreamImage {
		case "":
			o.UpstreamImage = "host:5000/x@sha256:" + strings.Repeat("0", 64)
		case none:
			o.UpstreamImage = ""
		}
		if _, err := kubernetes.Render(cfg, o); !fault.HasCode(err, "deploy-option") || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	if _, err := kubernetes.Render(install(t, "litellm", t.TempDir()), kubernetes.Options{Replicas: 1}); err == nil ||
		!strings.Contains(err.Error(), "-litellm-image") {
		t.Errorf("LiteLLM without an image: %v", err)
	}
}

func TestTheScriptMakesTheSecrets(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"accounts":  {"FLOWGATE_KEY_GATEWAY=CANARY-gateway\nFLOWGATE_KEY_UPSTREAM=CANARY-upstream\n", "auth-dir: /data/auths", "requirepass "},
		"providers": {"GROQ_API_KEY=CANARY $(x) `y`", "MASTER_KEY=CANARY"},
		"single":    {"FLOWGATE_KEY_GATEWAY=CANARY-gateway\n", `"key_alias":"ci"`},
	} {
		dir := t.TempDir()
		out := filepath.Join(dir, "k8s")
		if _, err := render(t, name, dir).Write(out, false); err != nil {
			t.Fatal(err)
		}
		arguments, text := runScript(t, name, dir, out, true)
		for _, piece := range want {
			if !strings.Contains(text, piece) {
				t.Errorf("%s: %q is missing in what kubectl got:\n%s", name, piece, text)
			}
		}
		if strings.Contains(arguments, "CANARY") {
			t.Errorf("%s: a secret is an argument: %s", name, arguments)
		}
		if name == "accounts" && (strings.Contains(text, "host: \"127.0.0.1\"") || strings.Contains(text, ".router/auths")) {
			t.Errorf("CLIProxyAPI's file is this machine's:\n%s", text)
		}
		if arguments, _ := runScript(t, name, dir, out, false); arguments != "" {
			t.Errorf("%s: the cluster heard of a part although keys or variables are missing: %s", name, arguments)
		}
	}
}

func runScript(t *testing.T, name, dir, out string, isWhole bool) (arguments, input string) {
	t.Helper()
	bin := t.TempDir()
	double := "#!/bin/sh\nd=$(dirname \"$0\")\necho \"$@\" >>$d/arguments\ncase $1 in get) exit 0;; esac\n" +
		"for a in \"$@\"; do case $a in --from-file=*=/dev/stdin|--from-env-file=/dev/stdin|-) cat >>$d/input;; " +
		"--from-file=*) cat \"${a#--from-file=*=}\" >>$d/input;; esac; done\n"
	if err := os.WriteFile(filepath.Join(bin, "kubectl"), []byte(double), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"gateway", "upstream"} {
		file := filepath.Join(dir, ".router", "secrets", key+".key")
		_ = os.Remove(file)
		if isWhole {
			if err := os.WriteFile(file, []byte("CANARY-"+key+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	cmd := exec.CommandContext(t.Context(), "sh", filepath.Join(out, "secrets.sh"), filepath.Join(dir, "config"))
	cmd.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH")}
	for _, variable := range []string{"ANTHROPIC_API_KEY", "GROQ_API_KEY", "MASTER_KEY", "PROXY_PASSWORD", "PROXY_USER",
		"REDIS_SECRET", "VLLM_KEY"} {
		if isWhole {
			cmd.Env = append(cmd.Env, variable+"=CANARY $(x) `y`")
		}
	}
	text, err := cmd.CombinedOutput()
	if (err == nil) != isWhole {
		t.Errorf("%s: %v\n%s", name, err, text)
	}
	if strings.Contains(string(text), "CANARY") {
		t.Errorf("%s: a secret is printed: %s", name, text)
	}
	a, _ := os.ReadFile(filepath.Join(bin, "arguments"))
	i, _ := os.ReadFile(filepath.Join(bin, "input"))
	return string(a), string(i)
}

// TestAValueOfTwoLinesIsRefused has each as it would become two entries of a Secret, the second one with a name of
// the value's own.
func TestAValueOfTwoLinesIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out := filepath.Join(dir, "k8s")
	if _, err := render(t, "accounts", dir).Write(out, false); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(dir, ".router", "secrets", "gateway.key")
	for name, c := range map[string]struct{ key, variable, named string }{
		"a key":      {key: "a\nOTHER=b", named: "FLOWGATE_KEY_GATEWAY"},
		"a variable": {key: "a", variable: "a\nOTHER=b", named: "OPENAI_PROJECT_ID"},
	} {
		for _, file := range []string{key, filepath.Join(filepath.Dir(key), "upstream.key")} {
			if err := os.WriteFile(file, []byte(c.key+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.CommandContext(t.Context(), "sh", filepath.Join(out, "secrets.sh"), filepath.Join(dir, "config"))
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "OPENAI_PROJECT_ID=" + c.variable}
		text, err := cmd.CombinedOutput()
		if err == nil || !strings.HasPrefix(string(text), "secrets.sh: "+c.named+" has more than one line") {
			t.Errorf("%s: %v: %s", name, err, text)
		}
	}
}

// TestAClusterThatDoesNotAnswerKeepsThePasswordOfRedis has the question for the Secret fail: another password would
// be one that the Redis that runs does not have.
func TestAClusterThatDoesNotAnswerKeepsThePasswordOfRedis(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out := filepath.Join(dir, "k8s")
	if _, err := render(t, "accounts", dir).Write(out, false); err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(filepath.Join(out, "secrets.sh"))
	if err != nil {
		t.Fatal(err)
	}
	_, end, isThere := strings.Cut(string(script), "# Redis' password")
	for get, wanted := range map[string]bool{"exit 0": true, "echo secret/redis": false, "exit 1": false} {
		double := "kubectl() { " + get + "; }\napply() { cat; }\nset -eu\nnamespace=a\n#"
		text, err := exec.CommandContext(t.Context(), "sh", "-c", double+end).CombinedOutput()
		if !isThere || strings.Contains(string(text), "requirepass ") != wanted || (err != nil) != (get == "exit 1") {
			t.Errorf("kubectl: %s: %v: %s", get, err, text)
		}
	}
}

// TestRedisGetsNoEmptyPassword has no program that reads random bytes: a Redis without a password lets everybody in.
func TestRedisGetsNoEmptyPassword(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out := filepath.Join(dir, "k8s")
	if _, err := render(t, "accounts", dir).Write(out, false); err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(filepath.Join(out, "secrets.sh"))
	if err != nil {
		t.Fatal(err)
	}
	_, end, isThere := strings.Cut(string(script), "# Redis' password")
	for od, works := range map[string]bool{"command od \"$@\"": true, "return 127": false, "echo ab": false} {
		doubles := "kubectl() { :; }\napply() { cat; }\nod() { " + od + "; }\nset -eu\nnamespace=a\n#"
		text, err := exec.CommandContext(t.Context(), "sh", "-c", doubles+end).CombinedOutput()
		if !isThere || strings.Contains(string(text), "requirepass") != works || (err == nil) != works {
			t.Errorf("od: %s: %v: %s", od, err, text)
		}
	}
}

// TestTheFolderOfTheScriptIsNotLookedForElsewhere has a folder of the same name where CDPATH leads.
func TestTheFolderOfTheScriptIsNotLookedForElsewhere(t *testing.T) {
	t.Parallel()
	dir, elsewhere := t.TempDir(), t.TempDir()
	out := filepath.Join(dir, "k8s")
	if _, err := render(t, "accounts", dir).Write(out, false); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(elsewhere, "config"), 0o700); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(dir, ".router", "secrets", "gateway.key")
	if err := os.WriteFile(key, []byte("a\nOTHER=b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", filepath.Join(out, "secrets.sh"), "config")
	cmd.Dir, cmd.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "CDPATH=" + elsewhere}
	if text, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(text), "has more than one line") {
		t.Errorf("%v: %s", err, text)
	}
}

func TestARenderedFolderIsChecked(t *testing.T) {
	t.Parallel()
	for name := range cases() {
		dir := t.TempDir()
		out, cfg := filepath.Join(dir, "k8s"), install(t, name, dir)
		r, err := kubernetes.Render(cfg, cases()[name])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Write(out, false); err != nil {
			t.Fatal(err)
		}
		renderers := map[string]deploy.Renderer{kubernetes.Kind: func(o json.RawMessage) (deploy.Rendering, error) {
			return kubernetes.RenderRecorded(cfg, o)
		}}
		c, err := deploy.Check(out, renderers)
		if err != nil || c.Err() != nil {
			t.Errorf("%s: %v, %v", name, err, c.Err())
		}
	}
}
