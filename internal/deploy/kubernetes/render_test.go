package kubernetes_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/deploy"
	"github.com/flowgate-go/flowgate/internal/deploy/kubernetes"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// keyNames is the file of named keys of the configuration single: a digest, no key.
const keyNames = `{"version":1,"keys":[{"token":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",` +
	`"token_id":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","key_alias":"ci"}]}`

// cases returns the options by the configurations in testdata.
func cases() map[string]kubernetes.Options {
	all := map[string]kubernetes.Options{
		"echo": {Replicas: 2},
		"accounts": {Name: "team-llm", Replicas: 3, Max: 30, Redis: true, Host: "llm.example.org", Gateway: "infra/public",
			UpstreamImage: "eceasy/cli-proxy-api:v7.2.99",
			With:          []string{kubernetes.Ingress, kubernetes.Gateway, kubernetes.ServiceMonitor}},
		"providers": {Replicas: 2, Profile: "cost", With: []string{kubernetes.ServiceMonitor}},
		"litellm":   {Replicas: 2, LiteLLMImage: "example.org/litellm:1.106.2"},
		"single":    {Replicas: 1, Max: 1, With: []string{kubernetes.ServiceMonitor}},
	}
	for name, o := range all {
		o.Image = "flowgate:test"
		all[name] = o
	}
	return all
}

// install copies a configuration of testdata into an installation in a folder, with named keys for single, and
// loads it.
func install(t *testing.T, name, dir string) *config.Config {
	t.Helper()
	if err := os.CopyFS(filepath.Join(dir, "config"), os.DirFS(filepath.Join("testdata", name))); err != nil {
		t.Fatal(err)
	}
	secrets := filepath.Join(dir, ".router", "secrets")
	if err := os.MkdirAll(secrets, 0o700); err != nil {
		t.Fatal(err)
	}
	if name == "single" {
		if err := os.WriteFile(filepath.Join(secrets, "client-keys.json"), []byte(keyNames), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load(filepath.Join(dir, "config", "flowgate.yaml"), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// render renders a configuration of testdata that was installed in a folder.
func render(t *testing.T, name, dir string) deploy.Rendering {
	t.Helper()
	r, err := kubernetes.Render(install(t, name, dir), cases()[name])
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWhatIsRenderedIsWhatTheGoldenFilesHave(t *testing.T) {
	t.Parallel()
	for name := range cases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, golden := render(t, name, t.TempDir()), filepath.Join("testdata", "golden", name)
			if *update {
				if _, err := r.Write(golden, true); err != nil {
					t.Fatal(err)
				}
			}
			shown, err := r.Show()
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, f := range shown.Files {
				text, err := os.ReadFile(filepath.Join(golden, f.Path))
				if err != nil || string(text) != f.Content {
					t.Errorf("%s is not what is rendered (%v): go test ./internal/deploy/kubernetes -update", f.Path, err)
				}
				want = append(want, f.Path)
			}
			if got := list(t, golden); !slices.Equal(got, want) {
				t.Errorf("the golden files are %v, rendered were %v", got, want)
			}
		})
	}
}

// list returns the files below a folder, sorted.
func list(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files = append(files, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	return files
}

// TestTwoRenderingsAreTheSameBytes renders twice, in different folders.
func TestTwoRenderingsAreTheSameBytes(t *testing.T) {
	t.Parallel()
	for name := range cases() {
		one, other := t.TempDir(), filepath.Join(t.TempDir(), "elsewhere")
		if _, err := render(t, name, one).Write(filepath.Join(one, "k8s"), false); err != nil {
			t.Fatal(err)
		}
		if _, err := render(t, name, other).Write(filepath.Join(other, "k8s"), false); err != nil {
			t.Fatal(err)
		}
		files := list(t, filepath.Join(one, "k8s"))
		if len(files) < 10 || !slices.Equal(files, list(t, filepath.Join(other, "k8s"))) {
			t.Fatalf("%s: the files differ: %v", name, files)
		}
		for _, f := range files {
			a, _ := os.ReadFile(filepath.Join(one, "k8s", f))
			b, _ := os.ReadFile(filepath.Join(other, "k8s", f))
			if string(a) != string(b) || len(a) == 0 {
				t.Errorf("%s: %s differs", name, f)
			}
		}
	}
}
