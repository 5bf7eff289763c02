package agents_test

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/client"
	"github.com/flowgate-go/flowgate/internal/client/edit"
	"github.com/flowgate-go/flowgate/internal/router/catalog"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/test/agents"
)

// clientPatience is how long one client may take.
const clientPatience = 4 * time.Minute

// person is a home folder, and the router that its clients are pointed at.
type person struct {
	dir    string
	bin    []string // folders of the installed clients
	target client.Target
	asked  func() string // what the upstream was asked for
}

// getenv is the environment of a person who has set nothing but the home folder.
func (p person) getenv(name string) string {
	return map[string]string{"HOME": p.dir, "XDG_STATE_HOME": filepath.Join(p.dir, ".state")}[name]
}

func newPerson(t *testing.T, bin []string, only ...string) person {
	t.Helper()
	p := person{dir: t.TempDir(), bin: bin}
	url, asked := startRouter(t, only...)
	p.asked = asked
	p.target = client.Target{Root: url, Model: "router-default", FastModel: "router-cheap", Key: routerKey, Context: 100_000,
		KeyFile: filepath.Join(p.dir, "gateway.key"), Catalog: filepath.Join(p.dir, "codex-models.json")}
	loaded, err := settings.Load(writeConfig(t, "http://127.0.0.1:1"), configKeys)
	if err != nil {
		t.Fatal(err)
	}
	p.write(t, p.target.KeyFile, routerKey+"\n")
	p.write(t, p.target.Catalog, string(catalog.New(loaded).Codex()))
	return p
}

func (p person) write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// ask has the client answer a prompt, by its settings.
func (p person) ask(t *testing.T, c client.Client) (client.Asked, error) {
	t.Helper()
	for i, name := range c.Programs {
		for _, dir := range p.bin {
			if path := filepath.Join(dir, name); isFile(path) {
				c.Programs[i] = path
			}
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), clientPatience)
	defer cancel()
	return client.Ask(ctx, c, p.target, client.Question{
		Word: strings.ToLower(rand.Text()), Getenv: p.getenv, Requests: func(context.Context) *int64 { return nil },
		Environ: []string{"HOME=" + p.dir, "PATH=" + os.Getenv("PATH"), "NO_COLOR=1", "TERM=dumb", "TMPDIR=" + t.TempDir(),
			"DISABLE_TELEMETRY=1", "DISABLE_AUTOUPDATER=1"},
	})
}

func isFile(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// installedClients are those that agents.Install has.
var installedClients = []string{"codex", "claude", "gemini"}

// TestRealClientsAreSetUpAnswerAndAreRestored has the real clients, one after the other: they
// would take the memory of a small machine together.
func TestRealClientsAreSetUpAnswerAndAreRestored(t *testing.T) {
	requireAgents(t)
	installed, err := agents.Install(t.Context(), "", t.Output())
	if err != nil {
		t.Fatal(err)
	}
	all, err := client.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if !slices.Contains(installedClients, c.Name) {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			p := newPerson(t, []string{filepath.Join(installed, "node_modules", ".bin")}, "/v1/chat/completions")
			before := map[string]string{}
			for _, f := range c.Files {
				if path := f.Path(p.getenv); f.Name != ".env" {
					before[path] = map[edit.Format]string{edit.JSON: "{\n  \"env\": {\"MINE\": \"1\"}\n}\n", edit.JSONC: "{} // mine\n",
						edit.TOML: "# mine\n"}[f.Format]
					p.write(t, path, before[path])
				}
			}
			o := client.Options{Getenv: p.getenv, Now: time.Now()}
			if _, err := client.Setup(t.Context(), c, p.target, o); err != nil {
				t.Fatal(err)
			}
			got, err := p.ask(t, c)
			if err != nil || !strings.Contains(p.asked(), "POST /v1/chat/completions") {
				t.Errorf("%v: %+v; the upstream was asked for\n%s", err, got, p.asked())
			}
			t.Logf("%s %s: %.0f ms", c.Name, got.Version, got.DurationMS)
			if want := client.ViaSettings; len(c.Files) > 0 && got.Via != want {
				t.Errorf("it was asked by its %s", got.Via)
			}
			if got.Version != c.Seen && got.Version != "" {
				t.Errorf("clients.yaml says that version %s was seen, and this is %s", c.Seen, got.Version)
			}
			if strings.Contains(got.Errors, "metadata") {
				t.Errorf("it does not know the model: %s", got.Errors)
			}
			if _, err := client.Restore(t.Context(), c, p.target, o); err != nil {
				t.Fatal(err)
			}
			for path, text := range before {
				after, err := os.ReadFile(path)
				if err != nil || string(after) != text {
					t.Errorf("%s was %q and is %q, %v", path, text, after, err)
				}
			}
		})
	}
}
