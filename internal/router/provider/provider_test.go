package provider_test

import (
	"bytes"
	"flag"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/flowgate-go/flowgate/internal/router/provider"
)

var update = flag.Bool("update", false, "rewrite docs/providers.md")

func TestEveryEntryIsReadWholeAndSaysWhatItIs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("providers.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]provider.Provider
	if err := yaml.UnmarshalWithOptions(text, &all, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	names := provider.Names()
	if len(names) != len(all) || len(names) < 140 {
		t.Fatalf("%d names, %d entries", len(names), len(all))
	}
	routes := []string{"chat", "responses", "compact", "messages", "completions", "embeddings", "images", "audio",
		"speech", "transcriptions", "rerank", "moderations", "gemini", "converse"}
	for _, name := range names {
		p, ok := provider.Find(name)
		want := all[name]
		want.Prefix = name
		if !ok || fmt.Sprint(p) != fmt.Sprint(want) {
			t.Errorf("%s alone is %+v, in the whole file %+v", name, p, want)
		}
		if served := len(p.Speaks) > 0; served == (p.Unsupported || p.SignIn != "") {
			t.Errorf("%s is served and is not: %+v", name, p)
		}
		for _, route := range p.Speaks {
			if !slices.Contains(routes, route) {
				t.Errorf("%s speaks %q", name, route)
			}
		}
		for _, address := range []string{p.Base, p.MessagesBase, p.RerankURL} {
			if u, err := url.Parse(address); address != "" && (err != nil || u.Host == "" || strings.HasSuffix(address, "/")) {
				t.Errorf("%s is at %q: %v", name, address, err)
			}
		}
	}
}

func TestPrefixesThatAreNoneAreNotFound(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "gpt", "OpenAI", "openai:\n  base", "  base", "base", "#", "openai\n", "open"} {
		if p, ok := provider.Find(prefix); ok {
			t.Errorf("%q is %+v", prefix, p)
		}
	}
}

func TestTheFirstVariableThatIsSetCounts(t *testing.T) {
	t.Parallel()
	p, _ := provider.Find("together_ai")
	environment := map[string]string{"TOGETHERAI_API_KEY": "third", "TOGETHER_AI_API_KEY": "second",
		"TOGETHER_AI_API_BASE": "http://b"}
	getenv := func(name string) string { return environment[name] }
	if key, variable := p.Key(getenv); key != "second" || variable != "TOGETHER_AI_API_KEY" {
		t.Error(key, variable)
	}
	if address, variable := p.Address(getenv); address != "http://b" || variable != "TOGETHER_AI_API_BASE" {
		t.Error(address, variable)
	}
	delete(environment, "TOGETHER_AI_API_BASE")
	if address, variable := p.Address(getenv); address != "https://api.together.ai/v1" || variable != "" {
		t.Error(address, variable)
	}
	local, _ := provider.Find("hosted_vllm")
	if address, _ := local.Address(getenv); address != "" {
		t.Error(address)
	}
}

func TestAnAddressGetsTheProvidersPathOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ prefix, given, want string }{
		{"ollama", "http://localhost:11434", "http://localhost:11434/v1"},
		{"ollama", "http://localhost:11434/", "http://localhost:11434/v1"},
		{"ollama", "http://localhost:11434/v1", "http://localhost:11434/v1"},
		{"ollama", "http://gpu/ollama", "http://gpu/ollama/v1"},
		{"gemini", "https://generativelanguage.googleapis.com", "https://generativelanguage.googleapis.com/v1beta/openai"},
		{"gemini", "https://generativelanguage.googleapis.com/v1beta",
			"https://generativelanguage.googleapis.com/v1beta/openai"},
		{"gemini", "https://x/v1beta/openai", "https://x/v1beta/openai"},
		{"groq", "https://api.groq.com/openai/v1", "https://api.groq.com/openai/v1"},
		{"cohere", "https://api.cohere.ai", "https://api.cohere.ai/compatibility/v1"},
		{"cohere", "https://api.cohere.ai/v2", "https://api.cohere.ai/compatibility/v1"},
		{"cohere", "https://api.cohere.ai/compatibility/v1", "https://api.cohere.ai/compatibility/v1"},
	} {
		p, _ := provider.Find(c.prefix)
		u, err := url.Parse(c.given)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Complete(u).String(); got != c.want {
			t.Errorf("%s at %s is %s, not %s", c.prefix, c.given, got, c.want)
		}
	}
}

func TestRankingsHaveAnAddressOfTheirOwn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		prefix, given string
		isOwn         bool
		want          string
	}{
		{"cohere", "https://api.cohere.ai", true, "https://api.cohere.com/v2/rerank"},
		{"cohere", "https://api.cohere.ai/v1", true, "https://api.cohere.ai/v1/rerank"},
		{"cohere", "http://tei:8080/", false, "http://tei:8080/v2/rerank"},
		{"azure_ai", "https://r.services.ai.azure.com", false, "https://r.services.ai.azure.com/v1/rerank"},
		{"azure_ai", "https://r.services.ai.azure.com/providers/cohere/v2", false,
			"https://r.services.ai.azure.com/providers/cohere/v2/rerank"},
		{"dashscope", "https://dashscope.aliyuncs.com/compatible-mode/v1", true,
			"https://dashscope.aliyuncs.com/compatible-api/v1/reranks"},
		{"dashscope", "http://gateway/v1", false, "<nil>"},
		{"jina_ai", "https://api.jina.ai/v1", true, "<nil>"},
	} {
		p, _ := provider.Find(c.prefix)
		u, err := url.Parse(c.given)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(p.RankAddress(u, c.isOwn)); got != c.want {
			t.Errorf("%s at %s ranks at %s, not %s", c.prefix, c.given, got, c.want)
		}
	}
}

func TestTheDocumentedTableIsTheData(t *testing.T) {
	t.Parallel()
	const file = "../../../docs/providers.md"
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- table -->\n", "<!-- end of table -->\n"
	before, rest, ok := strings.Cut(string(have), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", file)
	}
	want := before + begin + documented() + end + after
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(have) {
		t.Errorf("%s is not what the data say: go test ./internal/router/provider -update", file)
	}
}

// documented returns the table of docs/providers.md.
func documented() string {
	var b bytes.Buffer
	b.WriteString("\n| prefix | address | variables of the address | variables of the key | serves itself " +
		"|\n|---|---|---|---|---|\n")
	for _, name := range provider.Names() {
		p, _ := provider.Find(name)
		if len(p.Speaks) == 0 {
			continue
		}
		address := "the entry's `api_base`"
		switch {
		case p.Cloud != "":
			address = "that of a region"
		case p.Base != "":
			address = "`" + p.Base + p.Path + "`"
		}
		key := strings.Join(p.KeyVariables, ", ")
		if p.KeyOptional {
			key = strings.TrimPrefix(key+" (optional)", " ")
		}
		fmt.Fprintf(&b, "| `%s/` | %s | %s | %s | %s |\n", name, address, strings.Join(p.BaseVariables, ", "), key,
			strings.Join(p.Speaks, ", "))
	}
	b.WriteString("\n")
	return b.String()
}

func FuzzFindReadsOneEntryOrNone(f *testing.F) {
	f.Add("groq")
	f.Add("openai:\n  base: x\nx")
	f.Fuzz(func(t *testing.T, prefix string) {
		p, ok := provider.Find(prefix)
		if ok && !slices.Contains(provider.Names(), prefix) || ok && p.Prefix != prefix {
			t.Fatalf("%q is %+v", prefix, p)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	for b.Loop() {
		if _, ok := provider.Find("openrouter"); !ok {
			b.Fatal("not found")
		}
	}
}
