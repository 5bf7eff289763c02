package agents_test

import (
	"crypto/rand"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/test/agents"
)

// providerRoutes are the routes that the pages say a provider has for an agent, by the
// agent and the group's name.
var providerRoutes = map[string]map[string]string{
	"claude": {"router-default": "/messages", "router-cheap": "/chat/completions", "local": "/messages",
		"deepseek": "/messages", "groq": "/chat/completions"},
	"codex": {"router-default": "/responses", "router-cheap": "/chat/completions", "local": "/responses",
		"deepseek": "/chat/completions", "claude": "/messages"},
}

// modelList finds the configuration that a page tells to write.
var modelList = regexp.MustCompile("(?s)```yaml\n( *model_list:\n.*?) *```")

// TestRealAgentsWorkWithTheModelsOfTheirPages has the configurations of docs/claude-code.md
// and docs/codex.md tried with the agents and a double of each provider.
func TestRealAgentsWorkWithTheModelsOfTheirPages(t *testing.T) {
	t.Parallel()
	requireAgents(t)
	for agent, page := range map[string]string{"claude": "claude-code.md", "codex": "codex.md"} {
		text, err := os.ReadFile(filepath.Join("../../docs", page))
		if err != nil {
			t.Fatal(err)
		}
		found := modelList.FindSubmatch(text)
		if found == nil {
			t.Fatalf("%s has no model_list", page)
		}
		names := regexp.MustCompile(`model_name: (\S+)`).FindAllSubmatch(found[1], -1)
		if len(names) != len(providerRoutes[agent]) {
			t.Errorf("%s has %d models, %d are tried", page, len(names), len(providerRoutes[agent]))
		}
		for _, name := range names {
			t.Run(agent+"/"+string(name[1]), func(t *testing.T) {
				t.Parallel()
				tryModel(t, agent, string(found[1]), string(name[1]))
			})
		}
	}
}

// tryModel has an agent ask for one model of a list, at a double of its provider.
func tryModel(t *testing.T, agent, list, name string) {
	m := &model{route: providerRoutes[agent][name], token: strings.ToLower(rand.Text())}
	upstream := httptest.NewServer(m)
	t.Cleanup(upstream.Close)
	path := filepath.Join(t.TempDir(), "settings.yaml")
	text := unindent(list) + fmt.Sprintf("general_settings: {master_key: %s}\n", routerKey)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, err := settings.Load(path, func(variable string) string {
		switch {
		case strings.HasSuffix(variable, "_API_BASE"):
			return upstream.URL
		case strings.HasSuffix(variable, "_API_KEY"):
			return upstreamKey
		}
		return ""
	})
	if err != nil {
		t.Fatal(err)
	}
	handler, err := router.New(loaded, router.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	task := agents.Task{Prompt: "task:tool:" + m.token, Want: "done " + backwards(m.token)}
	results, err := agents.Run(t.Context(), agents.Options{RouterURL: server.URL, Key: routerKey, Only: agent, Model: name,
		FastModel: name, Tool: true, Task: &task, Scratch: t.TempDir(), Progress: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	if r := results[0]; !r.OK {
		t.Errorf("%s failed: %s\n%s\nasked for besides: %q", r.Agent, r.Error, r.Output, m.alien)
	}
	if len(m.alien) > 0 {
		t.Errorf("the provider, which has %s, was asked for %q", m.route, m.alien)
	}
}

// unindent takes the indentation of the first line from all.
func unindent(block string) string {
	indent := block[:len(block)-len(strings.TrimLeft(block, " "))]
	return strings.TrimPrefix(strings.ReplaceAll("\n"+block, "\n"+indent, "\n"), "\n")
}
