package scaffold

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/hostname"
	"github.com/flowgate-go/flowgate/internal/loopback"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/router/provider"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// Offer is something that FlowGate found on this machine and that init could set up.
type Offer struct {
	Found   string `json:"found"`   // in words: "OPENROUTER_API_KEY is set"
	Command string `json:"command"` // what to type
}

// listTimeout is how long a server on this machine may take to list its models.
const listTimeout = 700 * time.Millisecond

// ListModels asks a server on this machine for its models, without a key, and returns those
// that do not look like embedding models. It sends nothing to another machine. Faults:
// upstream-unreachable, argument-missing.
func ListModels(ctx context.Context, u Upstream) ([]string, error) {
	if at, err := url.Parse(u.Base); err != nil || !hostname.IsLoopback(at.Hostname()) {
		return nil, fault.Usage("argument-missing", "init does not ask another machine, such as %s, for its models", u.Base).
			WithHint("name them with -model=NAME")
	}
	base := strings.TrimSuffix(strings.TrimRight(u.Base, "/"), u.Path) + u.Path
	client := loopback.Keyless(loopback.Options{Timeout: listTimeout, MaxReply: 1 << 20})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/models", nil)
	if err != nil {
		return nil, unreachableFault(u, err)
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, unreachableFault(u, err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	var list struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if err == nil {
		err = json.Unmarshal(body, &list)
	}
	if err != nil || res.StatusCode != http.StatusOK {
		return nil, unreachableFault(u, err)
	}
	var names []string
	for _, m := range list.Data {
		if m.ID != "" && !strings.Contains(strings.ToLower(m.ID), "embed") {
			names = append(names, m.ID)
		}
	}
	return names, nil
}

// unreachableFault returns the fault for a server that does not list its models.
func unreachableFault(u Upstream, err error) error {
	e := fault.Usage("upstream-unreachable", "%s does not list its models at %s", u.Name, u.Base)
	e.Err = err
	return e.WithHint("start it, name its address with -address=URL, or a model with -model=NAME")
}

// FindOffers returns what init without flags could set up instead: configurations of other
// routers in dir and in home, keys in the environment, and servers that answer on this
// machine. It sends no key, and no request to another machine.
func FindOffers(ctx context.Context, dir, home string, getenv func(string) string) []Offer {
	var all []Offer
	for _, f := range FindForeign(dir, home) {
		all = append(all, Offer{f.Path + " is " + f.Format.Title(), program.Command("init -from=" + program.Quote(f.Path))})
	}
	for line := range strings.Lines(modelTable) {
		prefix, _, _ := strings.Cut(line, " ")
		row, ok := provider.Find(prefix)
		if _, variable := row.Key(getenv); ok && variable != "" {
			all = append(all, Offer{variable + " is set", program.Command("init -upstream=" + prefix)})
		}
	}
	return append(all, findLocal(ctx, getenv)...)
}

// findLocal returns an offer for each local server that answers and has a model.
func findLocal(ctx context.Context, getenv func(string) string) []Offer {
	found := make([]*Offer, len(localServers))
	var requests sync.WaitGroup
	for i, s := range localServers {
		requests.Go(func() {
			u, err := FindUpstream(s.name, "", getenv)
			if err != nil {
				return
			}
			if models, err := ListModels(ctx, u); err == nil && len(models) > 0 {
				found[i] = &Offer{s.name + " runs at " + u.Base + " with " + models[0],
					program.Command("init -upstream=" + s.name)}
			}
		})
	}
	requests.Wait()
	var all []Offer
	for _, o := range found {
		if o != nil {
			all = append(all, *o)
		}
	}
	return all
}

// Foreign is a configuration file of another router.
type Foreign struct {
	Path   string
	Format config.Format
}

// foreignNames are the usual names of a LiteLLM configuration.
var foreignNames = []string{"litellm_config.yaml", "litellm_config.yml", "litellm-config.yaml", "litellm.yaml",
	"litellm.yml", "proxy_config.yaml", "proxy_server_config.yaml", "config.yaml", "config.yml",
	"config/litellm.yaml", "config/litellm_config.yaml", "config/config.yaml"}

// FindForeign returns the configurations of other routers in the folder dir, and that of
// claude-code-router in the folder home, if home is not "". It skips files of more than 1 MB.
func FindForeign(dir, home string) []Foreign {
	var all []Foreign
	add := func(path string) {
		if info, err := os.Stat(path); err != nil || info.Size() > 1<<20 {
			return
		}
		text, err := safefile.Read(path, 1<<20)
		if format := config.RecognizeFormat(text); err == nil && format != config.FormatFlowGate {
			all = append(all, Foreign{path, format})
		}
	}
	for _, name := range foreignNames {
		add(filepath.Join(dir, name))
	}
	if home != "" {
		add(filepath.Join(home, ".claude-code-router", "config.json"))
	}
	return all
}
