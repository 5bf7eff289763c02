package stack_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/scaffold"
	"github.com/flowgate-go/flowgate/internal/trust"
	"github.com/flowgate-go/flowgate/supervisor/stack"
	"github.com/flowgate-go/flowgate/supervisor/stack/change"
)

// file is one of a journal's, as it stands there.
type file struct {
	Path   string `json:"path"`
	Mode   uint32 `json:"mode"`
	Absent bool   `json:"absent"`
	Name   string `json:"name"`
}

// interruptChange makes an installation in which a journal of an older version lies,
// which signed nothing.
func interruptChange(t *testing.T, f file, link string) (*config.Config, change.Options) {
	t.Helper()
	dir := t.TempDir()
	if _, err := scaffold.Init(scaffold.Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	o := change.Options{File: filepath.Join(dir, "config", "flowgate.yaml")}
	cfg, err := config.Load(o.File, os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	f.Path = strings.ReplaceAll(f.Path, "DIR", dir)
	journal := map[string]any{"kind": "rollback", "from": 2, "to": 1, "files": []file{f}, "links": map[string]string{},
		"restart": []string{}}
	if link != "" {
		journal["links"] = map[string]string{"litellm": link}
	}
	data, err := json.MarshalIndent(journal, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	pending := filepath.Join(dir, ".router", "generations", "pending")
	put(t, filepath.Join(pending, "journal.json"), string(data)+"\n")
	put(t, filepath.Join(pending, "0"), "# put back\n")
	put(t, filepath.Join(dir, "home", ".bashrc"), "# mine\n")
	return cfg, o
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAJournalOfAnOlderVersionIsBelievedOnceItsUserTrustsIt(t *testing.T) {
	t.Parallel()
	cfg, o := interruptChange(t, file{Path: "DIR/config/cliproxyapi.yaml", Mode: 0o6777, Name: "0"}, "")
	if _, err := change.Recover(t.Context(), o); err == nil || fault.From(err).Code != "state-untrusted" {
		t.Fatalf("without a signature: %v", err)
	}
	if _, err := stack.Trust(cfg, "trust", os.Getenv); err != nil {
		t.Fatal(err)
	}
	if did, err := change.Recover(t.Context(), o); err != nil || did == "" {
		t.Fatalf("%q, %v", did, err)
	}
	data, err := os.ReadFile(cfg.CLIProxyConfigFile)
	info, statErr := os.Stat(cfg.CLIProxyConfigFile)
	if err != nil || string(data) != "# put back\n" || statErr != nil || info.Mode()&^0o755 != 0 {
		t.Errorf("%q, %v, %v", data, err, info.Mode())
	}
	if change.Pending(cfg) {
		t.Error("the journal is still there")
	}
}

// TestAJournalPutsBackOnlyFilesOfItsInstallation, also one that is signed.
func TestAJournalPutsBackOnlyFilesOfItsInstallation(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]file{
		"another folder":       {Path: "DIR/home/.bashrc", Name: "0"},
		"removed":              {Path: "DIR/home/.bashrc", Absent: true, Name: "0"},
		"a relative path":      {Path: "../../home/.bashrc", Name: "0"},
		"dots":                 {Path: "DIR/config/../home/.bashrc", Name: "0"},
		"behind a link":        {Path: "DIR/.router/runtime/out/.bashrc", Name: "0"},
		"a key":                {Path: "DIR/.router/secrets/gateway.key", Name: "0"},
		"a credential":         {Path: "DIR/.router/auths/a.json", Name: "0"},
		"a copy from anywhere": {Path: "DIR/config/flowgate.yaml", Name: "../../../home/.bashrc"},
		"a copy without name":  {Path: "DIR/config/flowgate.yaml"},
		"another in config":    {Path: "DIR/config/run.sh", Name: "0"},
	} {
		cfg, o := interruptChange(t, f, "")
		dir := filepath.Dir(cfg.Dir)
		if err := os.Symlink(filepath.Join(dir, "home"), filepath.Join(dir, ".router", "runtime", "out")); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, name, cfg, o)
	}
	for _, link := range []string{"../../../home", ".hidden", "a/b"} {
		cfg, o := interruptChange(t, file{Path: "DIR/config/flowgate.yaml", Name: "0"}, link)
		wantRefused(t, "a link to "+link, cfg, o)
	}
}

// wantRefused expects neither Trust nor Recover to believe the journal, nor anything
// to change.
func wantRefused(t *testing.T, name string, cfg *config.Config, o change.Options) {
	t.Helper()
	dir := filepath.Dir(cfg.Dir)
	before, err := os.ReadFile(cfg.File)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stack.Trust(cfg, "trust", os.Getenv); err == nil || fault.From(err).Code != "state-untrusted" {
		t.Errorf("%s: trust signs it: %v", name, err)
	}
	path := filepath.Join(dir, ".router", "generations", "pending", "journal.json")
	data, err := os.ReadFile(path)
	key, keyErr := trust.EnsureKey(os.Getenv)
	if err != nil || keyErr != nil {
		t.Fatal(err, keyErr)
	}
	put(t, path, string(key.Seal("journal", trust.Place(cfg.Paths.Root()), data)))
	if _, err := change.Recover(t.Context(), o); err == nil || fault.From(err).Code != "state-untrusted" {
		t.Errorf("%s: recovered: %v", name, err)
	}
	if mine, err := os.ReadFile(filepath.Join(dir, "home", ".bashrc")); err != nil || string(mine) != "# mine\n" {
		t.Errorf("%s: .bashrc is %q, %v", name, mine, err)
	}
	if after, err := os.ReadFile(cfg.File); err != nil || string(after) != string(before) {
		t.Errorf("%s: the configuration changed (%v)", name, err)
	}
}
