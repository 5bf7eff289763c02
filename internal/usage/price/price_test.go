package price_test

import (
	"bytes"
	"flag"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/usage/price"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// from is LiteLLM's table from which prices.gz is made anew:
// go test ./internal/usage/price -run Builtin -from=model_prices_and_context_window_backup.json.
var from = flag.String("from", "", "LiteLLM's table")

func TestTheBuiltinTableIsThatOfLiteLLM(t *testing.T) {
	if *from != "" {
		document, err := os.ReadFile(*from)
		if err != nil {
			t.Fatal(err)
		}
		table, err := price.Convert(document, "LiteLLM 1.106.2: model_prices_and_context_window_backup.json", "")
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := table.Write(&out); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("prices.gz", out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Log(out.Len(), "bytes; run the test again without -from")
		return
	}
	table, err := price.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	if table.Info.Models < 4000 || table.Info.Priced < 3000 {
		t.Errorf("%+v", table.Info)
	}
	m, ok := table.Find("anthropic", "claude-sonnet-4-5")
	if !ok || m.MaxInput != 200000 || m.MaxOutput != 64000 || m.Mode != "chat" || m.DeprecationDate == "" ||
		!strings.Contains(strings.Join(m.Abilities, " "), "vision") {
		t.Errorf("%+v", m)
	}
}

const table = `{"sample_spec":{"input_cost_per_token":9},
"plain":{"litellm_provider":"openai","input_cost_per_token":1,"output_cost_per_token":"2","max_input_tokens":"100","max_tokens":7,"supports_vision":true,"supports_x":false},
"cached":{"litellm_provider":"anthropic","input_cost_per_token":10,"output_cost_per_token":20,"cache_read_input_token_cost":1,"cache_creation_input_token_cost":12,"cache_creation_input_token_cost_above_1hr":16,"output_cost_per_reasoning_token":30},
"long":{"litellm_provider":"x","input_cost_per_token":1,"output_cost_per_token":2,"input_cost_per_token_above_10k_tokens":3,"output_cost_per_token_above_1k_tokens":5,"input_cost_per_token_above_10k_tokens_priority":99,"input_cost_per_token_batches":99},
"xai/inclusive":{"litellm_provider":"xai","input_cost_per_token":1,"input_cost_per_token_above_10_tokens":3},
"tiers":{"litellm_provider":"dashscope","output_cost_per_token":7,"tiered_pricing":[{"range":[10,20],"input_cost_per_token":2},{"range":[0,10],"input_cost_per_token":1,"output_cost_per_token":3}]},
"free":{"litellm_provider":"x","input_cost_per_token":0,"output_cost_per_token":0},
"sora":{"litellm_provider":"openai","output_cost_per_second":1},
"fireworks_ai/half":{"litellm_provider":"fireworks_ai","input_cost_per_token":2},
"groq/own":{"litellm_provider":"groq","input_cost_per_token":1},
"bad":{"litellm_provider":7,"input_cost_per_token":-1,"output_cost_per_token":null,"max_input_tokens":{},"max_output_tokens":-3}}`

func TestCostsAreLiteLLMs(t *testing.T) {
	t.Parallel()
	converted, err := price.Convert([]byte(table), "test", "")
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := converted.Write(&file); err != nil {
		t.Fatal(err)
	}
	read, err := price.Read(&file)
	if err != nil || read.Info != converted.Info || read.Info.Models != 10 || read.Info.Priced != 8 {
		t.Fatal(err, read)
	}
	known := func(input, cached, written, hour, output, thought int) record.Tokens {
		return record.Tokens{Known: true, Input: input, Cached: cached, CacheWrite: written, CacheWriteHour: hour,
			Output: output, Reasoning: thought}
	}
	for _, c := range []struct {
		provider, model string
		tokens          record.Tokens
		want            float64 // negative: unknown
	}{
		{"openai", "plain", known(3, 1, 1, 0, 2, 1), 3 + 4},
		{"", "plain", known(1, 0, 0, 0, 0, 0), 1},
		{"openai", "plain(high)", known(1, 0, 0, 0, 0, 0), 1},
		{"anthropic", "cached", known(100, 10, 20, 5, 7, 3), 70*10 + 10 + 15*12 + 5*16 + 4*20 + 3*30},
		{"openai", "cached", known(1, 0, 0, 0, 0, 0), 10},
		{"x", "long", known(1000, 0, 0, 0, 1, 0), 1000 + 2}, {"x", "long", known(1001, 0, 0, 0, 1, 0), 1001 + 5},
		{"x", "long", known(10_001, 0, 0, 0, 1, 0), 30_003 + 5},
		{"xai", "inclusive", known(10, 0, 0, 0, 0, 0), 30}, {"xai", "inclusive", known(9, 0, 0, 0, 0, 0), 9},
		{"dashscope", "tiers", known(10, 0, 0, 0, 1, 0), 13}, {"dashscope", "tiers", known(11, 0, 0, 0, 1, 0), 29},
		{"dashscope", "tiers", known(21, 0, 0, 0, 1, 0), 49},
		{"fireworks_ai", "half", known(10, 4, 0, 0, 0, 0), 16},
		{"x", "free", known(5, 0, 0, 0, 5, 0), 0}, {"groq", "own", known(5, 0, 0, 0, 5, 0), 5},
		{"openai", "sora", known(1, 0, 0, 0, 0, 0), -1}, {"openai", "bad", known(1, 0, 0, 0, 0, 0), -1},
		{"ollama", "plain", known(1, 0, 0, 0, 0, 0), -1}, {"openai", "sample_spec", known(1, 0, 0, 0, 0, 0), -1},
		{"openai", "", known(1, 0, 0, 0, 0, 0), -1}, {"openai", "zzz", known(1, 0, 0, 0, 0, 0), -1},
		{"openai", "plain", record.Tokens{Input: 5}, -1},
		{"openai", "plain", known(5, 10, 0, 0, 2, 5), 10 + 10}, // more cached than there are, more reasoning than output
	} {
		for range 2 { // looked up, and remembered
			got, ok := read.Cost(c.provider, c.model, c.tokens)
			if ok != (c.want >= 0) || ok && math.Abs(got-c.want) > 1e-9 {
				t.Errorf("%s/%s %+v: %v %t, want %v", c.provider, c.model, c.tokens, got, ok, c.want)
			}
		}
	}
}

func TestATableRemembersNoMoreModelsThanItIsMeantTo(t *testing.T) {
	t.Parallel()
	converted, err := price.Convert([]byte(table), "test", "")
	if err != nil {
		t.Fatal(err)
	}
	if m, ok := converted.Find("openai", "bad"); !ok || m.MaxOutput != 0 || m.MaxInput != 0 {
		t.Errorf("%+v", m)
	}
	if m, ok := converted.Find("openai", "plain"); !ok || strings.Join(m.Abilities, " ") != "vision" {
		t.Errorf("%+v", m)
	}
	for i := range 3 * price.MaxFound { // clients choose them where a pattern matches
		converted.Find("openai", strconv.Itoa(i))
	}
	if n := converted.Remembered(); n == 0 || n > price.MaxFound {
		t.Errorf("%d models", n)
	}
}

func TestATableThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for document, want := range map[string]string{
		`[]`: "one JSON object", `{"a":1}`: "one JSON object", `{}`: "no model in it", `{"a":{"mode":"chat"}}`: "no model in it",
	} {
		if _, err := price.Convert([]byte(document), "", ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", document, err)
		}
	}
	for _, text := range []string{"", "no gzip"} {
		if _, err := price.Read(strings.NewReader(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

// FuzzConvert reads any document: what was converted can be read back, and costs nothing negative.
func FuzzConvert(f *testing.F) {
	f.Add([]byte(table))
	f.Fuzz(func(t *testing.T, document []byte) {
		converted, err := price.Convert(document, "", "")
		if err != nil {
			return
		}
		var file bytes.Buffer
		if err := converted.Write(&file); err != nil {
			t.Fatal(err)
		}
		read, err := price.Read(&file)
		if err != nil {
			t.Fatal(err)
		}
		for _, model := range []string{"plain", "tiers", "a"} {
			if cost, _ := read.Cost("", model, record.Tokens{Known: true, Input: 5, Output: 5}); cost < 0 {
				t.Error(cost)
			}
		}
	})
}

func BenchmarkBuiltinAndFirstCost(b *testing.B) {
	for b.Loop() {
		table, err := price.Builtin()
		if err != nil {
			b.Fatal(err)
		}
		if _, ok := table.Cost("openai", "gpt-5", record.Tokens{Known: true, Input: 1}); !ok {
			b.Fatal("no price")
		}
	}
}
