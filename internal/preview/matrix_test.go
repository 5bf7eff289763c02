package preview_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/client"
	"github.com/flowgate-go/flowgate/internal/preview"
	"github.com/flowgate-go/flowgate/internal/router/provider"
)

// matrixHead is the part of docs/matrix.md that is not made from data.
const matrixHead = `# Which client speaks to what

Each client sends one dialect, each provider serves some. Where they are the same, the embedded router passes the request through
unchanged ("native"); elsewhere it translates, request and reply, streams too ("translated"). So every client below works with every
provider below. What a translation cannot carry is in [translation.md](translation.md), and the header ` + "`x-flowgate-dropped`" + ` of a
reply names what was lost. The real LiteLLM in the router's place translates by rules of its own
([from-litellm.md](from-litellm.md)).

This page is made from the data that the router and ` + "`mage client`" + ` work with. For your own file, ` + "`mage config:check`" + ` says the same,
entry by entry, and ` + "`mage smoke`" + ` tries it.

## Clients

`

// matrixDialects are the dialects that clients send, with the route of each.
var matrixDialects = []struct{ name, route string }{
	{"chat", "/v1/chat/completions"}, {"responses", "/v1/responses"}, {"messages", "/v1/messages"},
	{"gemini", "/v1beta/models/MODEL:generateContent"},
}

// TestThePageOfTheMatrixIsMadeFromTheData writes docs/matrix.md with -update.
func TestThePageOfTheMatrixIsMadeFromTheData(t *testing.T) {
	t.Parallel()
	const file = "../../docs/matrix.md"
	want := matrixHead + matrixOfClients(t) + matrixOfProviders(t)
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	page, err := os.ReadFile(file)
	if err != nil || string(page) != want {
		t.Errorf("docs/matrix.md is not what the data say (%v): go test ./internal/preview -update", err)
	}
}

// matrixOfClients returns the table of clients.
func matrixOfClients(t *testing.T) string {
	t.Helper()
	all, err := client.All()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| dialect | route | clients |\n|---|---|---|\n")
	listed := 0
	for _, d := range matrixDialects {
		var titles []string
		for _, c := range all {
			if c.Dialect == d.name {
				titles = append(titles, c.Title)
			}
		}
		listed += len(titles)
		fmt.Fprintf(&b, "| %s | `%s` | %s |\n", d.name, d.route, strings.Join(titles, ", "))
	}
	if listed != len(all) {
		t.Errorf("%d of %d clients are listed", listed, len(all))
	}
	b.WriteString("\nSDKs send the dialect that they are named after: OpenAI's chat or responses, Anthropic's messages, Google's gemini. " +
		"How each client\nis pointed at the router: [clients.md](clients.md).\n")
	return b.String()
}

// cloudModels are models of the providers that serve models in different ways.
var cloudModels = map[string][]string{"bedrock": {"bedrock/anthropic.claude-x", "bedrock/amazon.nova-x"},
	"vertex_ai": {"vertex_ai/claude-x", "vertex_ai/gemini-x", "vertex_ai/meta/x"}}

// matrixOfProviders returns the table of providers: one row for all that serve the same dialects
// in the same way.
func matrixOfProviders(t *testing.T) string {
	t.Helper()
	var file strings.Builder
	file.WriteString("model_list:\n")
	for _, name := range provider.Names() {
		p, _ := provider.Find(name)
		for _, model := range cloudModels[name] {
			fmt.Fprintf(&file, "- {model_name: %s, litellm_params: {model: %[1]s, vertex_project: p, api_key: k}}\n", model)
		}
		if p.Cloud == "" && slices.ContainsFunc(p.Speaks, isMatrixDialect) {
			fmt.Fprintf(&file, "- {model_name: %s, litellm_params: {model: %[1]s/some-model, api_key: k", name)
			if p.Base == "" {
				file.WriteString(", api_base: \"http://127.0.0.1:1/v1\"")
			}
			file.WriteString("}}\n")
		}
	}
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	shown, err := preview.File(path, "", environment(""))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{}
	for _, d := range shown.Deployments {
		if !d.Serves {
			t.Errorf("%s cannot serve: %s", d.Model, d.Reason)
		}
		cells, label := matrixRow(d), d.Provider+"/"
		if len(cloudModels[d.Provider]) > 0 {
			label = strings.TrimSuffix(d.Model, "x") + "…"
		}
		rows[cells] = append(rows[cells], label)
	}
	var b strings.Builder
	b.WriteString("\n## Providers\n\n| chat | responses | messages | gemini | providers |\n|---|---|---|---|---|\n")
	for _, cells := range slices.Sorted(maps.Keys(rows)) {
		fmt.Fprintf(&b, "|%s %s |\n", cells, "`"+strings.Join(rows[cells], "`, `")+"`")
	}
	b.WriteString("\nAddresses and keys of each: [providers.md](providers.md). Ready configurations: [upstreams.md](upstreams.md). \"As " +
		"the server has it\":\na server that you name by its address, CLIProxyAPI among them, is asked unchanged first, and by a translation " +
		"from then on if it answers\nthat it lacks the route.\n")
	return b.String()
}

// matrixRow returns how a deployment serves the clients' dialects, as cells of a table.
func matrixRow(d preview.Deployment) string {
	var cells strings.Builder
	for _, in := range matrixDialects {
		i := slices.IndexFunc(d.Dialects, func(row preview.Dialect) bool { return row.Name == in.name })
		how := "none"
		if i >= 0 {
			if how = d.Dialects[i].How; d.Dialects[i].Assumed {
				how = "as the server has it"
			}
		}
		cells.WriteString(" " + how + " |")
	}
	return cells.String()
}

// isMatrixDialect reports whether clients send a dialect.
func isMatrixDialect(name string) bool {
	return slices.ContainsFunc(matrixDialects, func(d struct{ name, route string }) bool { return d.name == name })
}
