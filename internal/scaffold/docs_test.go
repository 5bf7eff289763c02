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

This page is made from the data that the router works with. "Native" is what reaches the provider unchanged.
`

// TestThePageOfUpstreamsIsMadeFromTheData writes docs/upstreams.md with -update.
func TestThePageOfUpstreamsIsMadeFromTheData(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(pageHead)
	for _, name := range provider.Names() {
		u, err := scaffold.FindUpstream(name, "")
		if err == nil && len(u.KnownModels()) > 0 {
			writeProvider(t, &b, u)
		}
	}
	writeLocal(&b)
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

// writeProvider writes the section of a provider: the command, and what is served with it.
func writeProvider(t *testing.T, b *strings.Builder, u scaffold.Upstream) {
	t.Helper()
	dir := t.TempDir()
	s := u.Source(u.KnownModels(), "key-0123456789", false)
	if _, err := scaffold.Init(scaffold.Options{Dir: dir, Now: now, Source: &s}); err != nil {
		t.Fatal(err)
	}
	p, err := preview.File(filepath.Join(dir, "config", "flowgate.yaml"), "", empty)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(b, "\n## %s\n\n```console\n$ export %s=…\n$ mage init -upstream=%s\n```\n\n", u.Name, u.KeyVariables[0], u.Name)
	fmt.Fprintf(b, "Address: `%s`. ", u.Base)
	fmt.Fprintf(b, "Groups: `router-default` is %s", u.KnownModels()[0])
	if models := slices.Compact(u.KnownModels()); len(models) > 1 {
		fmt.Fprintf(b, ", `router-cheap` is %s", models[1])
	}
	native, translated := describeDialects(p.Deployments[0])
	fmt.Fprintf(b, ". Native: %s. Translated: %s.\n", native, translated)
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

// writeLocal writes the section of the servers on this machine.
func writeLocal(b *strings.Builder) {
	b.WriteString("\n## On this machine\n\nThe first model that the server lists becomes `router-default`, the second `router-cheap`.\n\n" +
		"| command | address |\n|---|---|\n")
	for _, name := range []string{"ollama", "lmstudio", "vllm", "llamafile"} {
		if u, err := scaffold.FindUpstream(name, ""); err == nil {
			fmt.Fprintf(b, "| `mage init -upstream=%s` | `%s` |\n", name, u.Base)
		}
	}
	b.WriteString("\n## Azure, gateways and servers elsewhere\n\n```console\n" +
		"$ mage init -upstream=azure -address=https://RESOURCE.openai.azure.com/openai/v1 -model=DEPLOYMENT\n" +
		"$ mage init -upstream=litellm_proxy -address=https://GATEWAY/v1 -model=NAME -stdin\n" +
		"$ mage init -upstream=vllm -address=http://GPU-BOX:8000/v1 -model=NAME\n```\n")
}
