package agents_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/internal/subprocess"
	"github.com/flowgate-go/flowgate/test/agents"
)

// TestCodexReadsTheRoutersCatalogue has the real Codex print the models that it knows after
// it asked the router for its catalogue.
func TestCodexReadsTheRoutersCatalogue(t *testing.T) {
	t.Parallel()
	requireAgents(t)
	url, _ := startRouter(t)
	installed, err := agents.Install(t.Context(), "", t.Output())
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	config := fmt.Sprintf(`model = "router-default"
model_provider = "flowgate"
check_for_update_on_startup = false
[features]
api_key_model_discovery = true
[model_providers.flowgate]
name = "FlowGate"
base_url = "%[1]s/v1"
model_catalog_url = "%[1]s/v1/models"
env_key = "FLOWGATE_TEST_KEY"
wire_api = "responses"
`, url)
	if err := os.WriteFile(filepath.Join(home, "config.toml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := subprocess.Command(t.Context(), filepath.Join(installed, "node_modules", ".bin", "codex"), "debug", "models")
	cmd.Dir, cmd.Stderr = home, t.Output()
	cmd.Env = []string{"HOME=" + home, "CODEX_HOME=" + home, "PATH=" + os.Getenv("PATH"), "FLOWGATE_TEST_KEY=" + routerKey}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if slugs := gjson.GetBytes(out, "models.#.slug").String(); slugs != `["router-default","router-cheap"]` {
		t.Errorf("Codex knows %s", slugs)
	}
}

// TestClaudeCodeTakesTheNameOfItsPicker has the real Claude Code ask for a group by the name
// under which its picker shows it.
func TestClaudeCodeTakesTheNameOfItsPicker(t *testing.T) {
	t.Parallel()
	requireAgents(t)
	url, _ := startRouter(t)
	results, err := agents.Run(t.Context(), agents.Options{RouterURL: url, Key: routerKey, Only: "claude",
		Model: "claude-flowgate-router-default", Scratch: t.TempDir(), Progress: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if !r.OK {
			t.Errorf("%s: %s\n%s", r.Agent, r.Error, r.Output)
		}
	}
}
