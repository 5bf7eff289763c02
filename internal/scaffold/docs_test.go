package scaffold_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/preview"
	"github.com/flowgate-go/flowgate/internal/router/provider"
	"github.com/flowgate-go/flowgate/internal/scaffold"
)

var update = flag.Bool("update", false, "rewrite docs/upstreams.md")

// pageHead is the part of docs/upstreams.md that is not made from data.
const pageHead = `# Setting a provider up

` + "`mage init -upstream=NAME`" + ` writes a whole configuration for one provider: its models under the groups ` + "`router-default`" + `
and ` + "`router-cheap`" + `, every other model by its own name (` + "`NAME/MODEL`" + `), and the names that Claude Code and Codex ask for by
themselves. The key comes from the provider's variable, from ` + "`-stdin`" + `, or from a prompt that does not show it; it goes into
` + "`.router/secrets`" + ` (0600) and nowhere else. ` + "`-model=LARGE,SMALL`" + ` names other models, ` + "`-address=URL`" + ` another address.

` + "```console" + `
$ export OPENROUTER_API_KEY=sk-or-…
$ mage init -upstream=openrouter
$ mage start
` + "```" + `

` + "`init`" + ` prints what is served, and the lines that start Claude Code and Codex. Without ` + "`-upstream`" + ` it names what it found: keys in the
environment, an Ollama, LM Studio or vLLM that answers on this machine, the file of another router. Those are asked for their list of
models, without a key; nothing else is contacted.

Every provider of [providers.md](providers.md) that has an address of its own is set up so; those without models below need
` + "`-model`" + `. An installation with a configuration gets further providers by hand, as entries of ` + "`litellm_base.model_list`" + `; a LiteLLM
file is taken as it is: [litellm-file.md](litellm-file.md).

A provider with a page has there its entry for a LiteLLM file, its variables, what each dialect loses, and what is different with it. This page
and those are made from the data that the router works with. "Native" is what reaches the provider unchanged.

| -upstream= | router-default | router-cheap | native | translated |
|---|---|---|---|---|
`

// TestThePageOfUpstreamsIsMadeFromTheData writes docs/upstreams.md with -update.
func TestThePageOfUpstreamsIsMadeFromTheData(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(pageHead)
	guides := readGuides(t)
	for _, name := range provider.Names() {
		u, err := scaffold.FindUpstream(name, "", empty)
		hasPage := slices.ContainsFunc(guides, func(g guide) bool { return g.Name == name })
		if err == nil && !u.Local && (len(u.KnownModels()) > 0 || hasPage) {
			writeProvider(t, &b, u, hasPage)
		}
	}
	writeOthers(&b, guides)
	const file = "../../docs/upstreams.md"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	page, err := os.ReadFile(file)
	if err != nil || string(page) != b.String() {
		t.Errorf("docs/upstreams.md is not what the data says (%v): go test ./internal/scaffold -update", err)
	}
}

// writeProvider writes the row of a provider: its models, and what is served with them.
func writeProvider(t *testing.T, b *strings.Builder, u scaffold.Upstream, hasPage bool) {
	t.Helper()
	dir := t.TempDir()
	models := u.KnownModels()
	if len(models) == 0 {
		models = []string{"NAME"}
	}
	s := u.Source(models, "key-0123456789")
	if _, err := scaffold.Init(scaffold.Options{Dir: dir, Now: now, Source: &s}); err != nil {
		t.Fatal(err)
	}
	p, err := preview.File(filepath.Join(dir, "config", "flowgate.yaml"), "", empty)
	if err != nil {
		t.Fatal(err)
	}
	name := u.Name
	if hasPage {
		name = fmt.Sprintf("[%s](upstream/%[1]s.md)", u.Name)
	}
	main, small := models[0], models[len(models)-1]
	if len(u.KnownModels()) == 0 {
		main, small = "`-model` names them", ""
	}
	native, translated := describeDialects(p.Deployments[0])
	fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", name, main, small, native, translated)
}

// describeDialects returns the dialects of coding agents and SDKs that a deployment has, and
// those that are translated.
func describeDialects(d preview.Deployment) (native, translated string) {
	how := map[string][]string{}
	for _, in := range d.Dialects {
		if slices.Contains([]string{"chat", "messages", "responses"}, in.Name) {
			how[in.How] = append(how[in.How], in.Name)
		}
	}
	list := func(names []string) string {
		if len(names) == 0 {
			return "none"
		}
		return strings.Join(names, ", ")
	}
	return list(how[preview.Native]), list(how[preview.Translated])
}

// writeOthers writes the sections of the servers on this machine, and of those that need an
// address.
func writeOthers(b *strings.Builder, guides []guide) {
	b.WriteString("\n## On this machine\n\nThe first model that the server lists becomes `router-default`, the second `router-cheap`.\n\n" +
		"| command | address |\n|---|---|\n")
	var elsewhere []guide
	for _, g := range guides {
		switch u, err := scaffold.FindUpstream(g.Name, "", empty); {
		case err != nil:
			elsewhere = append(elsewhere, g)
		case u.Local:
			fmt.Fprintf(b, "| [`mage init -upstream=%s`](upstream/%[1]s.md) | `%s` |\n", g.Name, u.Base)
			if g.Flags != "" {
				elsewhere = append(elsewhere, g)
			}
		}
	}
	b.WriteString("\n## Azure, gateways and servers elsewhere\n\n```console\n")
	for _, g := range elsewhere {
		fmt.Fprintf(b, "$ mage %s\n", g.command())
	}
	b.WriteString("```\n\n")
	for i, g := range elsewhere {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(b, "[%s](upstream/%s.md)", g.Title, g.Name)
	}
	b.WriteString(". [Subscriptions](upstream/cliproxyapi.md) are reached through CLIProxyAPI.\n")
}
