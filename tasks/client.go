package tasks

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/magefile/mage/mg"

	"github.com/flowgate-go/flowgate/internal/client"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/keyfile"
	"github.com/flowgate-go/flowgate/internal/policy"
)

// Client holds the targets of the tools that send requests to the router.
type Client mg.Namespace

// List lists the tools that FlowGate knows, which of them are installed, and where each points; it starts none.
func (Client) List(ctx context.Context) error {
	return runReading(ctx, "client:list", func(_ context.Context, s session, cfg *config.Config) (any, error) {
		target := routerTarget(cfg, nil, nil)
		all, err := client.List(target, s.getenv)
		return client.Statuses{Router: target.Root, Clients: all}, err
	})
}

// Setup points a tool at the router by a small change of the tool's own file, which client:restore takes back.
func (Client) Setup(ctx context.Context, client string, dryRun *bool, model *string, fastModel *string) error {
	return runWithConfig(ctx, "client:setup", !deref(dryRun),
		func(ctx context.Context, s session, cfg *config.Config) (any, error) {
			return s.setUpClients(ctx, cfg, client, deref(dryRun), model, fastModel)
		})
}

// Restore takes out of a tool's file what client:setup has put in; without a name, out of the files of all tools.
func (Client) Restore(ctx context.Context, client *string, dryRun *bool) error {
	return run(ctx, "client:restore", func(ctx context.Context, s session) (any, error) {
		return s.restoreClients(ctx, deref(client), deref(dryRun))
	})
}

// Run starts a tool with an environment that leads to the router, and writes nothing; its arguments follow --.
func (Client) Run(ctx context.Context, client string, model *string, fastModel *string) error {
	return runChanging(ctx, "client:run", func(_ context.Context, s session, cfg *config.Config) (any, error) {
		return nil, s.runClient(cfg, client, model, fastModel)
	})
}

// clientChanges is the data of client:setup and client:restore.
type clientChanges struct {
	Clients []client.Changed `json:"clients"`
}

// routerTarget returns the router that clients are pointed at.
func routerTarget(cfg *config.Config, model, fastModel *string) client.Target {
	name := config.LiteLLM
	if _, routed := cfg.Service(name); !routed { // version 3 has no router
		name = config.CLIProxy
	}
	svc, _ := cfg.Service(name)
	t := client.Target{
		Root: strings.TrimSuffix(svc.URL(), "/"), Model: cfg.Integration.DefaultModel, FastModel: cfg.Integration.FastModel,
		KeyFile: filepath.Join(cfg.Paths.Secrets(), "gateway.key"),
	}
	if deref(model) != "" {
		t.Model = *model
	}
	if deref(fastModel) != "" {
		t.FastModel = *fastModel
	}
	if t.FastModel == "" {
		t.FastModel = t.Model
	}
	t.KeyCommand = "cat '" + strings.ReplaceAll(t.KeyFile, "'", `'\''`) + "'"
	return t
}

// clientTarget is routerTarget for a client that sends requests and so needs a model.
// Fault: model-missing.
func clientTarget(cfg *config.Config, model, fastModel *string) (client.Target, error) {
	t := routerTarget(cfg, model, fastModel)
	if t.Model == "" {
		return t, fault.Usage("model-missing", "the configuration does not say which model clients ask for").
			WithHint("set integration.default_model, or give -model=GROUP")
	}
	return t, nil
}

// setUpClients points the clients with these names, separated by commas, at the router.
func (s session) setUpClients(
	ctx context.Context, cfg *config.Config, names string, dryRun bool, model, fastModel *string,
) (any, error) {
	t, err := clientTarget(cfg, model, fastModel)
	if err != nil {
		return nil, err
	}
	var chosen []client.Client
	for name := range strings.SplitSeq(names, ",") {
		c, err := client.Find(strings.TrimSpace(name))
		if err == nil && c.Key == "command" {
			err = checkKeyFile(cfg, t, s.getenv)
		}
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, c)
	}
	result := clientChanges{[]client.Changed{}}
	for _, c := range chosen {
		done, err := client.Setup(ctx, c, t, client.Options{DryRun: dryRun, Getenv: s.getenv, Now: time.Now(), At: failpoint})
		if err != nil {
			return result, err
		}
		if c.Key == "variable" {
			done.Note = strings.TrimPrefix(done.Note+"; it reads the key from "+client.KeyVariable+
				", so start it by client:run, or in a shell with export "+client.KeyVariable+`="$(`+t.KeyCommand+`)"`, "; ")
		}
		result.Clients = append(result.Clients, done)
	}
	return result, nil
}

// checkKeyFile checks that the router's key is in the file from which clients read it.
// Fault: client-key-elsewhere.
func checkKeyFile(cfg *config.Config, t client.Target, getenv func(string) string) error {
	inFile, _, err := keyfile.Read(t.KeyFile)
	key, unknown := policy.ClientKey(cfg, getenv) // unknown before the first start
	if err != nil || unknown == nil && inFile != key {
		return fault.New("client-key-elsewhere", "the router's key is not in %s, where clients could read it", t.KeyFile).
			WithHint("start the client by client:run, which has the key for one run")
	}
	return nil
}

// restoreClients restores one client, or all. It also works when the configuration is missing
// or broken, because the record says what was written.
func (s session) restoreClients(ctx context.Context, name string, dryRun bool) (any, error) {
	var t client.Target
	if cfg, err := s.loadConfig(); err == nil {
		t = routerTarget(cfg, nil, nil)
	}
	chosen, err := client.All()
	if name != "" {
		var c client.Client
		c, err = client.Find(name)
		chosen = []client.Client{c}
	}
	if err != nil {
		return nil, err
	}
	result := clientChanges{[]client.Changed{}}
	var first error
	for _, c := range chosen {
		o := client.Options{DryRun: dryRun, Getenv: s.getenv, Now: time.Now(), At: failpoint}
		done, err := client.Restore(ctx, c, t, o)
		if err != nil && name == "" && !done.Changed {
			continue // a file that cannot be read and that FlowGate never wrote
		}
		if err != nil && first == nil {
			first = err
		}
		if done.Changed || len(done.Left) > 0 || name != "" {
			result.Clients = append(result.Clients, done)
		}
	}
	return result, first
}

// runClient replaces this process by the client. It returns only when that fails.
func (s session) runClient(cfg *config.Config, name string, model, fastModel *string) error {
	c, err := client.Find(name)
	if err != nil {
		return err
	}
	program, err := c.FindProgram()
	if err != nil {
		return err
	}
	t, err := clientTarget(cfg, model, fastModel)
	if err == nil {
		t.Key, err = policy.ClientKey(cfg, s.getenv)
	}
	if err != nil {
		return err
	}
	env, arguments := t.Environment(c, os.Environ())
	words := append([]string{program}, append(arguments, s.line.AfterDashes...)...)
	if err := syscall.Exec(program, words, env); err != nil { //nolint:gosec // the user named the program
		return fault.New("client-not-started", "start %s: %w", program, err).WithHint("try it alone: %s", program)
	}
	return nil
}
