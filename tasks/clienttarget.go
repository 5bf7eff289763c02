package tasks

import (
	"bytes"
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/flowgate-go/flowgate/internal/client"
	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/keyfile"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/privatefile"
	"github.com/flowgate-go/flowgate/internal/router/catalog"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/router/settings/document"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/usage/price"
)

// clientWishes are the flags of the targets that point clients at the router.
type clientWishes struct {
	model, fastModel string // groups; "" for those of integration
	key              string // "new" for a key of the client's own
}

// routerTarget returns the router that clients are pointed at, without models and key.
func routerTarget(cfg *config.Config) client.Target {
	name := config.LiteLLM
	if _, routed := cfg.Service(name); !routed { // version 3 has no router
		name = config.CLIProxy
	}
	svc, _ := cfg.Service(name)
	return client.Target{
		Root: strings.TrimSuffix(svc.URL(), "/"), KeyFile: filepath.Join(cfg.Paths.Secrets(), "gateway.key"),
	}
}

// setModels sets the groups that a client asks for. Fault: model-missing.
func (w clientWishes) setModels(t *client.Target, cfg *config.Config) error {
	t.Model = cmp.Or(w.model, cfg.Integration.DefaultModel)
	t.FastModel = cmp.Or(w.fastModel, cfg.Integration.FastModel, t.Model)
	if t.Model == "" {
		return fault.Usage("model-missing", "the configuration does not say which model clients ask for").
			WithHint("set integration.default_model, or give -model=GROUP")
	}
	return nil
}

// runTarget returns the router for one run of a client. Faults: model-missing and those of
// policy.ClientKey.
func (s session) runTarget(cfg *config.Config, c client.Client, w clientWishes) (client.Target, error) {
	t := routerTarget(cfg)
	err := w.setModels(&t, cfg)
	if err == nil {
		err = s.setKey(&t, cfg, c)
	}
	return t, err
}

// restoreTarget returns what Restore can know of the router.
func (s session) restoreTarget(cfg *config.Config, c client.Client) client.Target {
	t := routerTarget(cfg)
	_ = clientWishes{}.setModels(&t, cfg)
	_ = s.setKey(&t, cfg, c) // without it, only the record says what is ours
	t.Catalog = codexCatalogPath(cfg)
	return t
}

// setupTarget returns the router for Setup of a client, and makes what the client's settings
// refer to: its own key, Codex's catalogue of models. A dry run makes nothing.
// Faults: model-missing, flag-invalid, client-key-elsewhere and those of clientkey.Store.
func (s session) setupTarget(
	ctx context.Context, cfg *config.Config, c client.Client, dryRun bool, w clientWishes,
) (client.Target, error) {
	t := routerTarget(cfg)
	if err := w.setModels(&t, cfg); err != nil || len(c.Files) == 0 {
		return t, err
	}
	if w.key != "" && w.key != "new" {
		return t, fault.Usage("flag-invalid", "-key=%s: only new is possible", w.key).
			WithHint("-key=new makes a key of its own for the client")
	}
	if w.key == "new" && !dryRun {
		if err := ensureOwnKey(ctx, cfg, c); err != nil {
			return t, err
		}
	}
	if err := s.setKey(&t, cfg, c); err != nil {
		return t, err
	}
	if err := checkKeyFile(c, t); err != nil {
		return t, err
	}
	return t, s.setWindows(&t, cfg, c, dryRun)
}

// ownKeyFile returns the path of the file with a client's own key.
func ownKeyFile(cfg *config.Config, c client.Client) string {
	return filepath.Join(cfg.Paths.Secrets(), "client-"+c.Name+".key")
}

// ensureOwnKey makes a named key for the client, unless it has one. Faults: those of
// clientkey.Store.
func ensureOwnKey(ctx context.Context, cfg *config.Config, c client.Client) error {
	if readOwnKey(cfg, c) != "" {
		return nil
	}
	keys, err := clientkey.Open(cfg)
	if err != nil {
		return err
	}
	issued, err := keys.Create(ctx, c.Name, clientkey.Limits{})
	if err != nil {
		return err
	}
	return privatefile.Write(ownKeyFile(cfg, c), []byte(issued.Key+"\n"))
}

// readOwnKey returns the named key that was made for the client; "" when there is none, or when
// the router refuses it by now.
func readOwnKey(cfg *config.Config, c client.Client) string {
	key, _, err := keyfile.Read(ownKeyFile(cfg, c))
	if err != nil {
		return ""
	}
	named, err := clientkey.Read(cfg.Paths.Secrets())
	token := clientkey.HashToken(key)
	isValid := func(k clientkey.Key) bool { return k.Token == token && !k.Blocked && !k.HasExpired(time.Now()) }
	if err != nil || !slices.ContainsFunc(named, isValid) {
		return ""
	}
	return key
}

// checkOwnKey checks that a client does not lose its own key unnoticed: one that is valid has to
// be in the client's file. Fault: client-key-elsewhere.
func checkOwnKey(cfg *config.Config, c client.Client) error {
	if _, err := os.Lstat(ownKeyFile(cfg, c)); err != nil {
		return nil //nolint:nilerr // it never had one
	}
	named, err := clientkey.Read(cfg.Paths.Secrets())
	isOwn := func(k clientkey.Key) bool { return k.Alias == c.Name && !k.Blocked && !k.HasExpired(time.Now()) }
	if err != nil || !slices.ContainsFunc(named, isOwn) {
		return err
	}
	return fault.New("client-key-elsewhere", "%s has a key of its own, which is not the one in %s",
		c.Title, ownKeyFile(cfg, c)).
		WithHint("mage key:rotate %s writes a new one there; after mage key:revoke %[1]s it uses the router's", c.Name)
}

// setKey sets the key that the client sends: its own, else the router's. Before the first start
// the router's is the one in its file. Faults: client-key-elsewhere and those of policy.ClientKey.
func (s session) setKey(t *client.Target, cfg *config.Config, c client.Client) error {
	if key := readOwnKey(cfg, c); key != "" {
		t.KeyFile, t.Key = ownKeyFile(cfg, c), key
		return nil
	}
	if err := checkOwnKey(cfg, c); err != nil {
		return err
	}
	var err error
	if t.Key, err = policy.ClientKey(cfg, s.getenv); err == nil {
		return nil
	}
	if key, _, fileErr := keyfile.Read(t.KeyFile); fileErr == nil {
		t.Key = key
		return nil
	}
	return err
}

// checkKeyFile checks that the key is in the file from which the client reads it.
// Fault: client-key-elsewhere.
func checkKeyFile(c client.Client, t client.Target) error {
	if c.Key != client.KeyCommand && c.Key != client.KeyReference {
		return nil
	}
	if inFile, _, err := keyfile.Read(t.KeyFile); err != nil || inFile != t.Key {
		return fault.New("client-key-elsewhere", "the router's key is not in %s, where clients could read it", t.KeyFile).
			WithHint("start the client by client:run, which has the key for one run, or give it a key of its own: -key=new")
	}
	return nil
}

// codexCatalogPath returns the path of Codex's catalogue of the router's models.
func codexCatalogPath(cfg *config.Config) string {
	return filepath.Join(cfg.Paths.Root(), "clients", "codex-models.json")
}

// setWindows sets how much the models can read, and writes Codex's catalogue of models where
// the client wants it. Faults: those of policy.Plan; write-failed.
func (s session) setWindows(t *client.Target, cfg *config.Config, c client.Client, dryRun bool) error {
	if _, routed := cfg.Service(config.LiteLLM); !routed || !c.WantsModels() {
		return nil
	}
	active, err := policy.Plan(cfg, policy.CurrentOrDefault(cfg), s.getenv)
	if err != nil {
		return err
	}
	nowhere := func([]any) document.Place { return document.Place{} }
	models, _ := settings.ExamineValues(cfg.File, active.Config, nowhere, s.getenv)
	list := catalog.New(models)
	list.UseWindows(s.windows(cfg))
	t.Context, t.FastContext, t.Catalog = list.Window(t.Model), list.Window(t.FastModel), codexCatalogPath(cfg)
	if dryRun || !c.WantsCatalog() {
		return nil
	}
	text := list.Codex()
	if was, err := safefile.Read(t.Catalog, int64(len(text))); err == nil && bytes.Equal(was, text) {
		return nil
	}
	return privatefile.Write(t.Catalog, text)
}

// windows returns a function that says how many tokens a model can read by the table of prices,
// which it reads when it is asked: 0 for a model that is not there.
func (s session) windows(cfg *config.Config) func(provider, model string) int {
	table := sync.OnceValue(func() *price.Table {
		if s.checkMayRead(cfg, cfg.Paths.Usage()) == nil {
			if table, err := price.Open(cfg.Paths.Usage()); err == nil {
				return table
			}
		}
		table, err := price.Builtin()
		if err != nil {
			return &price.Table{} // it is a part of the program, and tests read it
		}
		return table
	})
	return func(provider, model string) int {
		m, _ := table().Find(provider, model)
		return m.MaxInput
	}
}
