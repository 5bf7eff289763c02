package agents_test

import (
	"context"
	"crypto/rand"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/client"
	"github.com/flowgate-go/flowgate/internal/client/edit"
	"github.com/flowgate-go/flowgate/internal/router/catalog"
	"github.com/flowgate-go/flowgate/internal/router/echo"
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

func newPerson(t *testing.T, bin []string) person {
	t.Helper()
	p := person{dir: tempDir(t), bin: bin}
	m := &obedient{next: echo.New(echo.Options{Keys: []string{upstreamKey}, Only: []string{clientRoute}})}
	upstream := httptest.NewServer(m)
	t.Cleanup(upstream.Close)
	url := routerAt(t, upstream.URL)
	p.asked = m.paths
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
			if path := filepath.Join(dir, name); exists(path) {
				c.Programs[i] = path
			}
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), clientPatience)
	defer cancel()
	path := strings.Join(append(slices.Clone(p.bin), os.Getenv("PATH")), string(filepath.ListSeparator))
	return client.Ask(ctx, c, p.target, client.Question{
		Word: strings.ToLower(rand.Text()), Getenv: p.getenv, Requests: func(context.Context) *int64 { return nil },
		Environ: []string{"HOME=" + p.dir, "PATH=" + path, "NO_COLOR=1", "TERM=dumb", "TMPDIR=" + tempDir(t),
			"DISABLE_TELEMETRY=1", "DISABLE_AUTOUPDATER=1"},
	})
}

// tempDir returns an empty folder. What it holds at the end is removed where that is possible:
// clients leave processes behind that still write.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "flowgate-client-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// exists reports whether there is a file or a folder.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// installClient returns the folders that belong first on the PATH of a client.
func installClient(t *testing.T, name string) (bin []string) {
	t.Helper()
	var err error
	if slices.Contains(agents.Names(), name) {
		var installed string
		installed, err = agents.Install(t.Context(), "", t.Output())
		bin = []string{filepath.Join(installed, "node_modules", ".bin")}
	} else {
		bin, err = agents.InstallClient(t.Context(), "", name, t.Output())
	}
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// ownText is what the files of a person's clients have before Setup, by their format.
var ownText = map[edit.Format]string{
	edit.JSON: "{ }\n", edit.JSONC: "{} // mine\n", edit.TOML: "# mine\n", edit.YAML: "# mine\n", edit.DotEnv: "MINE=1\n",
}

// fillFiles writes the files that a person has before Setup.
func (p person) fillFiles(t *testing.T, c client.Client) {
	for _, f := range c.Files {
		p.write(t, f.Path(p.getenv), ownText[f.Format])
	}
}

// readFiles returns the text of the client's files, by their paths; "" for one that is not there.
func (p person) readFiles(c client.Client) map[string]string {
	texts := map[string]string{}
	for _, f := range c.Files {
		text, _ := os.ReadFile(f.Path(p.getenv))
		texts[f.Path(p.getenv)] = string(text)
	}
	return texts
}

// TestEveryClientThatIsInstalledIsInTheTable: a folder of another name would not be tried.
func TestEveryClientThatIsInstalledIsInTheTable(t *testing.T) {
	t.Parallel()
	folders, err := os.ReadDir("clients")
	if err != nil || len(folders) < 11 {
		t.Fatalf("%d folders, %v", len(folders), err)
	}
	for _, f := range folders {
		if c, err := client.Find(f.Name()); f.Name() != "node" && (err != nil || c.Check == nil || c.Seen == "") {
			t.Errorf("%s: %v, %+v", f.Name(), err, c)
		}
	}
}

// TestRealClientsAreSetUpAnswerAndAreRestored has the real clients, one after the other: they
// would take the memory of a small machine together.
func TestRealClientsAreSetUpAnswerAndAreRestored(t *testing.T) {
	requireAgents(t)
	all, err := client.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if exists(filepath.Join("clients", c.Name)) || slices.Contains(agents.Names(), c.Name) {
			t.Run(c.Name, func(t *testing.T) { tryClient(t, c) })
		}
	}
}

// tryClient sets a client up, has it answer, and restores its files.
func tryClient(t *testing.T, c client.Client) {
	p := newPerson(t, installClient(t, c.Name))
	p.fillFiles(t, c)
	o := client.Options{Getenv: p.getenv, Now: time.Now()}
	if _, err := client.Setup(t.Context(), c, p.target, o); err != nil {
		t.Fatal(err)
	}
	before := p.readFiles(c)
	got, err := p.ask(t, c)
	if err != nil || !strings.Contains(p.asked(), "POST "+clientRoute) {
		t.Errorf("%v: %+v; the upstream was asked for\n%s", err, got, p.asked())
	}
	t.Logf("%s %s: %.0f ms", c.Name, got.Version, got.DurationMS)
	if len(c.Files) > 0 && got.Via != client.ViaSettings {
		t.Errorf("it was asked by its %s", got.Via)
	}
	if got.Version != c.Seen {
		t.Errorf("clients.yaml says that version %q was seen, and this is %q", c.Seen, got.Version)
	}
	if strings.Contains(got.Errors, "metadata") {
		t.Errorf("it does not know the model: %s", got.Errors)
	}
	touched := p.readFiles(c)
	restored, err := client.Restore(t.Context(), c, p.target, o)
	if err != nil || len(restored.Left) > 0 {
		t.Errorf("restored: %v, %q", err, restored.Left)
	}
	after := p.readFiles(c)
	for _, f := range c.Files {
		p.checkRestored(t, f, before[f.Path(p.getenv)] == touched[f.Path(p.getenv)], after[f.Path(p.getenv)])
	}
}

// checkRestored checks a file after Restore: it is as it was before Setup, or, where the client
// has written into it itself, without anything of the router.
func (p person) checkRestored(t *testing.T, f client.File, isUntouched bool, after string) {
	t.Helper()
	if isUntouched && after != ownText[f.Format] {
		t.Errorf("%s was %q and is %q", f.Name, ownText[f.Format], after)
	}
	for _, ours := range []string{p.target.Root, routerKey, p.target.KeyFile, p.target.Model} {
		if strings.Contains(after, ours) {
			t.Errorf("%s, which the client changed itself, still has %q:\n%s", f.Name, ours, after)
		}
	}
}
