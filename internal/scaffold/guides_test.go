package scaffold_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/goccy/go-yaml"

	"github.com/flowgate-go/flowgate/internal/preview"
	"github.com/flowgate-go/flowgate/internal/scaffold"
)

// guide is what a page of docs/upstream says that the router does not know: see
// testdata/guides.yaml.
type guide struct {
	Name, Title, About, Key, Flags, Model, Base string
	Params, Quirks                              []string
}

// guidePages is the folder of the pages.
const guidePages = "../../docs/upstream"

// readGuides returns the guides in the order of the file.
func readGuides(t *testing.T) []guide {
	t.Helper()
	text, err := os.ReadFile("testdata/guides.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var all []guide
	if err := yaml.UnmarshalWithOptions(text, &all, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestThePagesOfProvidersAreMadeFromTheData writes docs/upstream with -update.
func TestThePagesOfProvidersAreMadeFromTheData(t *testing.T) {
	t.Parallel()
	for _, g := range readGuides(t) {
		want, file := g.page(t), filepath.Join(guidePages, g.Name+".md")
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if page, err := os.ReadFile(file); err != nil || string(page) != want {
			t.Errorf("%s is not what the data says (%v): go test ./internal/scaffold -update", file, err)
		}
	}
}

// page returns the page of a provider.
func (g guide) page(t *testing.T) string {
	t.Helper()
	u, models := g.upstream(t)
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n## Two commands\n\n```console\n", g.Title, g.About)
	if g.Key != "" {
		fmt.Fprintf(&b, "$ export %s=%s\n", u.KeyVariables[0], g.Key)
	}
	fmt.Fprintf(&b, "$ mage %s\n$ mage start\n```\n\n", g.command())
	if len(models) > 0 && g.Model == "" {
		fmt.Fprintf(&b, "The group `router-default` is `%s`, `router-cheap` is `%s`; `%s/NAME` is any other model. ", models[0],
			models[len(models)-1], u.Prefix)
	}
	b.WriteString("What `init` writes, and how a key is kept: [upstreams.md](../upstreams.md).\n\n## The same in a LiteLLM file\n\n" +
		"```yaml\n" + g.entry(u, models) + "```\n\n")
	g.writeFacts(&b, u)
	b.WriteString("\n## What reaches it\n\n")
	writeDialects(t, &b, g.entry(u, models))
	b.WriteString("\n## What is different here\n\n")
	for _, quirk := range g.Quirks {
		b.WriteString(wrapped("- "+quirk, "  "))
	}
	b.WriteString("\n## Check it\n\n`mage config:check` prints where requests go, and where the key comes from, and sends nothing. After `mage start`," +
		" `mage smoke`\nsends a request on each route, and names what answered. When it does not: [troubleshooting.md](../troubleshooting.md).\n")
	return b.String()
}

// wrapped returns a paragraph in lines of at most 130 characters; all but the first begin with
// indent.
func wrapped(paragraph, indent string) string {
	const width = 130
	var b strings.Builder
	line := ""
	for word := range strings.FieldsSeq(paragraph) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			b.WriteString(line + "\n")
			line = indent + word
			continue
		}
		if line != "" {
			word = " " + word
		}
		line += word
	}
	return b.String() + line + "\n"
}

// upstream returns the provider of a guide, and the models that init writes for it.
func (g guide) upstream(t *testing.T) (u scaffold.Upstream, models []string) {
	t.Helper()
	u, err := scaffold.FindUpstream(g.Name, flagOf(g.Flags, "address"), empty)
	if err != nil {
		t.Fatalf("%s: %v", g.Name, err)
	}
	return u, u.KnownModels()
}

// flagOf returns the value of a flag; "" without it.
func flagOf(flags, name string) string {
	for word := range strings.FieldsSeq(flags) {
		if value, ok := strings.CutPrefix(word, "-"+name+"="); ok {
			return value
		}
	}
	return ""
}

// command returns the command that sets the provider up.
func (g guide) command() string {
	return strings.TrimSpace("init -upstream=" + g.Name + " " + g.Flags)
}

// entry returns a LiteLLM file with one entry of the provider.
func (g guide) entry(u scaffold.Upstream, models []string) string {
	model := g.Model
	if model == "" {
		model = u.Prefix + "/" + models[0]
	}
	lines := []string{"model_list:", "  - model_name: router-default", "    litellm_params:", "      model: " + model}
	if g.Base != "" {
		lines = append(lines, "      api_base: "+g.Base)
	}
	for _, param := range g.Params {
		lines = append(lines, "      "+param)
	}
	if g.Key != "" {
		lines = append(lines, "      api_key: os.environ/"+u.KeyVariables[0])
	}
	return strings.Join(append(lines, "general_settings: {master_key: os.environ/LITELLM_MASTER_KEY}"), "\n") + "\n"
}

// writeFacts writes what the table of providers says.
func (g guide) writeFacts(b *strings.Builder, u scaffold.Upstream) {
	b.WriteString("| | |\n|---|---|\n")
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(b, "| %s | %s |\n", name, value)
		}
	}
	quote := func(names []string) string {
		if len(names) == 0 {
			return ""
		}
		return "`" + strings.Join(names, "`, `") + "`"
	}
	row("prefix", "`"+u.Prefix+"/`")
	if flagOf(g.Flags, "address") == "" {
		row("address", "`"+u.Base+u.Path+"`")
	}
	row("variables of the address", quote(u.BaseVariables))
	row("variables of the key", quote(slices.Concat(u.KeyVariables, u.TokenVariables)))
	header := "`Authorization`, as a bearer"
	if u.KeyHeader != "" {
		header = "`" + u.KeyHeader + "`"
	}
	row("the key is sent in", header)
	if u.MessagesBase != "" {
		row("messages go to", "`"+u.MessagesBase+"`")
	}
}

// writeDialects writes how each dialect of clients reaches the only entry of a LiteLLM file.
func writeDialects(t *testing.T, b *strings.Builder, file string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "litellm.yaml")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := preview.File(path, "", withKeys)
	if err != nil || len(p.Problems) > 0 || len(p.Deployments) != 1 || !p.Deployments[0].Serves {
		t.Fatalf("%s: %+v, %v", file, p, err)
	}
	dialects := p.Deployments[0].Dialects
	if !slices.ContainsFunc(dialects, func(in preview.Dialect) bool { return !in.Assumed && in.How == preview.Native }) {
		b.WriteString("Nothing is known of the server's routes: a request in any dialect is tried as it is. When the route turns out to be " +
			"missing,\nchat, responses, messages and gemini are translated into one that is there.\n")
		return
	}
	b.WriteString("| clients send | it gets | lost on the way |\n|---|---|---|\n")
	last := ""
	for _, in := range dialects {
		name, how := in.Name, "the same"
		switch in.How {
		case preview.Unserved, preview.Estimated:
			continue
		case preview.Translated:
			how = in.As
		}
		if family, _, ok := strings.Cut(name, "/"); ok && family != "responses" {
			name = family // of pictures, of sound
		}
		if name == last {
			continue
		}
		last = name
		lost := ""
		if len(in.Lost) > 0 {
			lost = "`" + strings.Join(in.Lost, "`, `") + "`"
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", name, how, lost)
	}
}

// TestTheCommandsOfThePagesSetTheProviderUp does what the init line of each page says.
func TestTheCommandsOfThePagesSetTheProviderUp(t *testing.T) {
	t.Parallel()
	line := regexp.MustCompile(`(?m)^\$ mage init -upstream=(\S+)(.*)$`)
	for _, g := range readGuides(t) {
		page, err := os.ReadFile(filepath.Join(guidePages, g.Name+".md"))
		if err != nil {
			t.Fatal(err)
		}
		m := line.FindStringSubmatch(string(page))
		if m == nil {
			t.Errorf("%s has no command", g.Name)
			continue
		}
		address := flagOf(m[2], "address")
		u, err := scaffold.FindUpstream(m[1], address, empty)
		if err != nil {
			t.Errorf("%s: %v", g.Name, err)
			continue
		}
		models := u.KnownModels()
		if named := flagOf(m[2], "model"); named != "" {
			models = strings.Split(named, ",")
		}
		if len(models) == 0 && u.Local { // init asks the server for its models
			models = []string{"listed"}
		}
		if len(models) == 0 {
			t.Errorf("%s: init would ask for -model", g.Name)
			continue
		}
		dir := t.TempDir()
		s := u.Source(models, "key-0123456789")
		if _, err := scaffold.Init(scaffold.Options{Dir: dir, Now: now, Source: &s}); err != nil {
			t.Fatal(err)
		}
		p, err := preview.File(filepath.Join(dir, "config", "flowgate.yaml"), "", empty)
		if err != nil || len(p.Problems)+len(p.Warnings) > 0 || !p.Deployments[0].Serves {
			t.Errorf("%s: %+v %+v, %v", g.Name, p.Problems, p.Warnings, err)
		}
	}
}
