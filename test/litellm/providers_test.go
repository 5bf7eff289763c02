package litellm_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/provider"
	"github.com/flowgate-go/flowgate/internal/subprocess"
	"github.com/flowgate-go/flowgate/test/litellm"
)

// resolvedLater are prefixes of which LiteLLM finds address or key only when it makes
// the request, so that its function for prefixes says nothing of them.
var resolvedLater = strings.Fields(`openai text-completion-openai custom_openai openai_like aiohttp_openai anthropic
	azure gemini openrouter ollama_chat minimax cometapi compactifai ovhcloud voyage infinity vllm heroku xinference ai21 cohere cohere_chat`)

// TestTheProviderTableIsLiteLLMs asks the real LiteLLM for the address of every prefix
// of the table, and for the variables that hold its key.
func TestTheProviderTableIsLiteLLMs(t *testing.T) {
	t.Parallel()
	required(t)
	bin, err := litellm.Venv(t.Context(), litellm.Options{Progress: t.Output()})
	check(t, err)
	script, err := os.ReadFile("testdata/providers.py")
	check(t, err)
	args := []string{"-c", string(script)}
	for _, name := range provider.Names() {
		if p, _ := provider.Find(name); len(p.Speaks) > 0 && p.Cloud == "" {
			args = append(args, name+"="+strings.Join(p.KeyVariables, ","))
		}
	}
	cmd := subprocess.Python(t.Context(), filepath.Join(filepath.Dir(bin), "python"), args...)
	cmd.Stderr = t.Output()
	cmd.Env = append(cmd.Env, "LITELLM_LOCAL_MODEL_COST_MAP=True") // else it asks GitHub for prices
	out, err := cmd.Output()
	check(t, err)
	var theirs map[string]struct {
		Base, Error string
		Keys        []string
	}
	check(t, json.Unmarshal(out[strings.LastIndex(strings.TrimSpace(string(out)), "\n")+1:], &theirs))
	compared := 0
	for name, got := range theirs {
		p, _ := provider.Find(name)
		switch {
		case got.Error != "":
			t.Errorf("%s: LiteLLM says %s", name, got.Error)
		case slices.Contains(resolvedLater, name):
		case strings.TrimSuffix(got.Base, "/") != p.Base:
			t.Errorf("%s is at %q, in LiteLLM at %q", name, p.Base, got.Base)
		case !slices.Equal(got.Keys, p.KeyVariables):
			t.Errorf("%s has its key in %v, in LiteLLM in %v", name, p.KeyVariables, got.Keys)
		default:
			compared++
		}
	}
	if compared < 70 {
		t.Errorf("only %d prefixes were compared", compared)
	}
}
