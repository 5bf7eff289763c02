package policy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/policy"
)

// A version 3 configuration as the Python tool leaves it: CLIProxyAPI's keys stand in its own file only.
func TestWithoutARouterClientsSendFlowGatesKeyElseTheFirstOfCLIProxyAPIs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(
		"config/flowgate.yaml",
		"config_version: 3\npaths: {runtime_dir: ../.router/runtime, log_file: ../l}\ncliproxyapi_plus: {config_file: "+
			"own.yaml}\n",
	)
	put("config/own.yaml", "port: 8317\n")
	cfg, err := config.Load(filepath.Join(dir, "config/flowgate.yaml"), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	key := func() (string, error) { return policy.ClientKey(cfg, os.Getenv) }
	if _, err := key(); fault.From(err) == nil || fault.From(err).Code != "client-key-missing" ||
		!strings.Contains(fault.From(err).Hint, "api-keys in "+filepath.Join(dir, "config/own.yaml")) {
		t.Errorf("without any key: %v, hint %q", err, fault.From(err).Hint)
	}
	put("config/own.yaml", "port: 8317\napi-keys: [sk-theirs-1, sk-theirs-2]\n")
	if got, err := key(); got != "sk-theirs-1" || err != nil {
		t.Errorf("with CLIProxyAPI's own: %q, %v", got, err)
	}
	put(".router/secrets/upstream.key", "sk-ours\n")
	if got, err := key(); got != "sk-ours" || err != nil {
		t.Errorf("with FlowGate's: %q, %v", got, err)
	}
}
