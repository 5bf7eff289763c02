package litellm_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/flowgate-go/flowgate/internal/subprocess"
	"github.com/flowgate-go/flowgate/internal/usage/price"
	"github.com/flowgate-go/flowgate/internal/usage/record"
	"github.com/flowgate-go/flowgate/test/litellm"
)

// counted is what LiteLLM counted for one request.
type counted struct {
	Provider, Model, Error                    string
	Cost                                      float64
	Input, Cached, Written, Output, Reasoning int
}

// TestCostsAreThoseOfCompletionCost compares the costs of 200 models with LiteLLM's, for usages
// with and without cached and written tokens, reasoning, and prompts of each length.
func TestCostsAreThoseOfCompletionCost(t *testing.T) {
	required(t)
	bin, err := litellm.Venv(t.Context(), litellm.Options{Progress: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(filepath.Join("testdata", "costs.py"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := subprocess.Python(t.Context(), filepath.Join(filepath.Dir(bin), "python"), "-c", string(script))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, subprocess.Tail(stderr.Bytes(), 2<<10))
	}
	table, err := price.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	same := 0
	for line := range bytes.Lines(out) {
		var c counted
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if c.Error != "" {
			t.Logf("LiteLLM counts nothing for %s/%s: %s", c.Provider, c.Model, c.Error)
			continue
		}
		got, ok := table.Cost(c.Provider, c.Model, record.Tokens{Known: true, Input: c.Input, Cached: c.Cached,
			CacheWrite: c.Written, Output: c.Output, Reasoning: c.Reasoning})
		if !ok || math.Abs(got-c.Cost) > 1e-9*max(1, c.Cost) {
			t.Errorf("%s/%s: $%v (known: %t), LiteLLM counts $%v: %+v", c.Provider, c.Model, got, ok, c.Cost, c)
			continue
		}
		same++
	}
	if same < 200 {
		t.Errorf("only %d models were compared", same)
	}
}
