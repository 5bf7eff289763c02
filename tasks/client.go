package tasks

import (
	"cmp"
	"context"
	"crypto/rand"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/magefile/mage/mg"

	"github.com/flowgate-go/flowgate/internal/client"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/usage/summary"
	"github.com/flowgate-go/flowgate/supervisor"
)

// Client holds the targets of the tools that send requests to the router.
type Client mg.Namespace

// List lists the tools that FlowGate knows, which of them are installed, and where each points; it starts none.
func (Client) List(ctx context.Context) error {
	return runReading(ctx, "client:list", func(_ context.Context, s session, cfg *config.Config) (any, error) {
		target := routerTarget(cfg)
		all, err := client.List(target, s.sightings(cfg), s.getenv)
		return client.Statuses{Router: target.Root, Clients: all}, err
	})
}

// Setup points a tool at the router by a small change of its own file, which client:restore takes back; -print shows what to write by hand.
func (Client) Setup(
	ctx context.Context,
	client string,
	dryRun *bool,
	print *bool,
	model *string,
	fastModel *string,
	key *string,
) error {
	w := clientWishes{deref(model), deref(fastModel), deref(key)}
	return runWithConfig(ctx, "client:setup", !deref(dryRun) && !deref(print),
		func(ctx context.Context, s session, cfg *config.Config) (any, error) {
			if deref(print) {
				return s.printClients(ctx, cfg, client, w)
			}
			return s.setUpClients(ctx, cfg, client, deref(dryRun), w)
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
		return nil, s.runClient(cfg, client, clientWishes{model: deref(model), fastModel: deref(fastModel)})
	})
}

// Check has the real tool answer one prompt through the router, and says how many requests the router saw.
func (Client) Check(ctx context.Context, client string, timeout *time.Duration) error {
	return runChanging(ctx, "client:check", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		return s.checkClient(ctx, cfg, client, deref(timeout))
	})
}

// sightings returns when the router last saw each client; nothing where it keeps no ledger of ours.
func (s session) sightings(cfg *config.Config) []client.Sighting {
	if s.checkMayRead(cfg, cfg.Paths.Usage()) != nil {
		return nil
	}
	var all []client.Sighting
	for _, seen := range summary.LastSeen(cfg) {
		all = append(all, client.Sighting{Key: seen.Client, UserAgent: seen.UserAgent, At: seen.At})
	}
	return all
}

// clientChanges is the data of client:setup and client:restore.
type clientChanges struct {
	Clients []client.Changed `json:"clients"`
}

// clientRecipes is the data of client:setup -print.
type clientRecipes struct {
	Clients []client.Recipe `json:"clients"`
}

// setUpClients points the clients with these names, separated by commas, at the router.
func (s session) setUpClients(
	ctx context.Context, cfg *config.Config, names string, dryRun bool, w clientWishes,
) (any, error) {
	chosen, err := findClients(names)
	if err != nil {
		return nil, err
	}
	result := clientChanges{[]client.Changed{}}
	for _, c := range chosen {
		t, err := s.setupTarget(ctx, cfg, c, dryRun, w)
		if err != nil {
			return result, err
		}
		done, err := client.Setup(ctx, c, t, s.clientOptions(dryRun))
		if err != nil {
			return result, err
		}
		result.Clients = append(result.Clients, done)
	}
	return result, nil
}

// findClients returns the clients with these names, separated by commas.
func findClients(names string) ([]client.Client, error) {
	var chosen []client.Client
	for name := range strings.SplitSeq(names, ",") {
		c, err := client.Find(strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, c)
	}
	return chosen, nil
}

// printClients returns what to write by hand for the clients with these names. It writes nothing.
func (s session) printClients(ctx context.Context, cfg *config.Config, names string, w clientWishes) (any, error) {
	chosen, err := findClients(names)
	if err != nil {
		return nil, err
	}
	result := clientRecipes{[]client.Recipe{}}
	for _, c := range chosen {
		t, err := s.setupTarget(ctx, cfg, c, true, w)
		if err != nil {
			return result, err
		}
		if _, err := os.Stat(t.Catalog); err != nil {
			t.Catalog = "" // Codex stops at a catalogue that is not there; without one it warns
		}
		r, err := t.Recipe(c, s.getenv)
		if err != nil {
			return result, err
		}
		result.Clients = append(result.Clients, r)
	}
	return result, nil
}

// clientOptions returns the options of a change of clients' files.
func (s session) clientOptions(dryRun bool) client.Options {
	return client.Options{DryRun: dryRun, Getenv: s.getenv, Now: time.Now(), At: failpoint}
}

// restoreClients restores one client, or all. It also works when the configuration is missing
// or broken, because the record says what was written.
func (s session) restoreClients(ctx context.Context, name string, dryRun bool) (any, error) {
	chosen, err := client.All()
	if name != "" {
		var c client.Client
		c, err = client.Find(name)
		chosen = []client.Client{c}
	}
	if err != nil {
		return nil, err
	}
	cfg, configErr := s.loadConfig()
	result := clientChanges{[]client.Changed{}}
	var first error
	for _, c := range chosen {
		var t client.Target
		if configErr == nil {
			t = s.restoreTarget(cfg, c)
		}
		done, err := client.Restore(ctx, c, t, s.clientOptions(dryRun))
		if err != nil && name == "" && !done.Changed {
			continue // a file that cannot be read and that FlowGate never wrote
		}
		if err != nil && first == nil {
			first = err
		}
		if done.Changed && configErr == nil && readOwnKey(cfg, c) != "" {
			done.Note = program.Text("its own key still opens the router; mage key:revoke ") + c.Name + " ends it"
		}
		if done.Changed || len(done.Left) > 0 || name != "" {
			result.Clients = append(result.Clients, done)
		}
	}
	return result, first
}

// runClient replaces this process by the client. It returns only when that fails.
func (s session) runClient(cfg *config.Config, name string, w clientWishes) error {
	c, err := client.Find(name)
	if err != nil {
		return err
	}
	program, err := c.FindProgram()
	if err != nil {
		return err
	}
	t, err := s.runTarget(cfg, c, w)
	if err != nil {
		return err
	}
	if err := c.CheckStartable(t, s.getenv); err != nil {
		return err
	}
	env, arguments := t.Environment(c, os.Environ())
	words := append([]string{program}, append(arguments, s.line.AfterDashes...)...)
	if err := syscall.Exec(program, words, env); err != nil { //nolint:gosec // the user named the program
		return fault.New("client-not-started", "start %s: %w", program, err).WithHint("try it alone: %s", program)
	}
	return nil
}

// checkPatience is how long a client may take to answer one prompt. The slowest, Copilot CLI,
// unpacks itself for 8 s when it is started for the first time.
const checkPatience = 2 * time.Minute

// checkClient has the real client answer one prompt.
func (s session) checkClient(ctx context.Context, cfg *config.Config, name string, limit time.Duration) (any, error) {
	c, err := client.Find(name)
	if err != nil {
		return nil, err
	}
	t, err := s.runTarget(cfg, c, clientWishes{})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(limit, checkPatience))
	defer cancel()
	return client.Ask(ctx, c, t, client.Question{
		Word: strings.ToLower(rand.Text()[:12]), Environ: os.Environ(), Getenv: s.getenv,
		Requests: func(ctx context.Context) *int64 { return countRequests(ctx, cfg) },
	})
}

// countRequests returns how many requests for models the router has had since its start; nil
// when it does not tell: LiteLLM does not, and a router that does not run.
func countRequests(ctx context.Context, cfg *config.Config) *int64 {
	status, err := supervisor.QueryWithDeployments(ctx, cfg)
	if err != nil {
		return nil
	}
	for _, svc := range status.Services {
		if svc.Router != nil {
			return &svc.Router.Requests
		}
	}
	return nil
}
