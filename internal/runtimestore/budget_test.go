package runtimestore_test

import (
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
)

func TestEveryRuntimeHasItsBudgets(t *testing.T) {
	t.Parallel()
	for runtime, want := range map[string][2]time.Duration{
		config.RuntimeEmbedded:    {10 * time.Second, 35 * time.Second},
		config.RuntimeEcho:        {10 * time.Second, 35 * time.Second},
		config.RuntimeCLIProxyAPI: {30 * time.Second, 35 * time.Second},
		config.RuntimeLiteLLM:     {120 * time.Second, 10 * time.Second},
		config.RuntimeCommand:     {120 * time.Second, 10 * time.Second},
	} {
		if got := [2]time.Duration{runtimestore.StartTimeout(runtime), runtimestore.StopTimeout(runtime)}; got != want {
			t.Errorf("%s: %v, want %v", runtime, got, want)
		}
	}
}
