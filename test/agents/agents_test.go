package agents_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/echo"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/test/agents"
	"github.com/flowgate-go/flowgate/test/npm"
)

// requireAgents skips, loudly, where the agents cannot be had, unless they are required.
func requireAgents(t *testing.T) {
	t.Helper()
	required := os.Getenv("FLOWGATE_REQUIRE_AGENTS") == "1"
	if name := npm.Missing(); name != "" && required {
		t.Fatalf("%s is not on PATH and FLOWGATE_REQUIRE_AGENTS is 1", name)
	}
	if !required {
		t.Skip("the real agents are not run: set FLOWGATE_REQUIRE_AGENTS=1 (needs node, npm and 4 GB from npm and PyPI once)")
	}
}

const (
	routerKey   = "sk-agents-test-router"
	upstreamKey = "sk-agents-test-upstream"
)

// config is the router that the agents talk to.
const config = `
model_list:
  - {model_name: router-default, litellm_params: {model: openai/router-default, api_base: "UPSTREAM/v1", api_key: os.environ/UPSTREAM_KEY}}
  - {model_name: router-cheap, litellm_params: {model: openai/router-cheap, api_base: "UPSTREAM/v1", api_key: os.environ/UPSTREAM_KEY}}
general_settings: {master_key: os.environ/ROUTER_KEY}
`

// startRouter starts an embedded router in front of an echo upstream, which has only
// the routes only, or all, and returns its URL and the paths that the upstream was
// asked for.
func startRouter(t *testing.T, only ...string) (url string, asked func() string) {
	t.Helper()
	var mu sync.Mutex
	var seen strings.Builder
	next := echo.New(echo.Options{Keys: []string{upstreamKey}, Only: only})
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen.WriteString(r.Method + " " + r.URL.String() + "\n")
		mu.Unlock()
		next.ServeHTTP(w, r)
	}))
	t.Cleanup(upstream.Close)
	return routerAt(t, upstream.URL), func() string {
		mu.Lock()
		defer mu.Unlock()
		return seen.String()
	}
}

// routerBefore starts an embedded router in front of a double of a model.
func routerBefore(t *testing.T, m *model) (url string) {
	t.Helper()
	upstream := httptest.NewServer(m)
	t.Cleanup(upstream.Close)
	return routerAt(t, upstream.URL)
}

// routerAt starts an embedded router in front of an upstream and returns its URL.
func routerAt(t *testing.T, upstream string) (url string) {
	t.Helper()
	loaded, err := settings.Load(writeConfig(t, upstream), configKeys)
	if err != nil {
		t.Fatal(err)
	}
	handler, err := router.New(loaded, router.Options{})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	return srv.URL
}

// writeConfig writes config for an upstream, and returns the path of its file.
func writeConfig(t *testing.T, upstream string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "litellm.active.yaml")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(config, "UPSTREAM/", upstream+"/")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// configKeys returns the variables that config reads.
func configKeys(name string) string {
	return map[string]string{"UPSTREAM_KEY": upstreamKey, "ROUTER_KEY": routerKey}[name]
}

func TestRealAgentsPrintTheEchoedAnswer(t *testing.T) {
	t.Parallel()
	requireAgents(t)
	url, asked := startRouter(t)
	results, err := agents.Run(t.Context(), agents.Options{RouterURL: url, Key: routerKey, Scratch: t.TempDir(),
		Progress: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 3 {
		t.Fatalf("%d results, want codex, claude and gemini", len(results))
	}
	for _, r := range results {
		t.Logf("%s: %.0f ms", r.Package, r.DurationMS)
		if !r.OK {
			t.Errorf("%s failed: %s\n%s", r.Agent, r.Error, r.Output)
		}
	}
	for _, want := range []string{"POST /v1/responses\n", "POST /v1/messages?beta=true\n",
		"POST /v1beta/models/router-default:streamGenerateContent?alt=sse\n"} {
		if !strings.Contains(asked(), want) {
			t.Errorf("the upstream was never asked for %q, but for\n%s", want, asked())
		}
	}
}

// TestRealAgentsWorkOverUpstreamsOfOneDialect has upstreams that lack the agents' own
// routes, at least that of one of them: what an agent asks for is translated.
func TestRealAgentsWorkOverUpstreamsOfOneDialect(t *testing.T) {
	t.Parallel()
	requireAgents(t)
	for _, route := range []string{"/v1/chat/completions", "/v1/messages", "/v1/responses"} {
		for _, tool := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, tool %v", route, tool), func(t *testing.T) {
				t.Parallel()
				url, asked := startRouter(t, route)
				results, err := agents.Run(t.Context(), agents.Options{RouterURL: url, Key: routerKey, Tool: tool,
					Scratch: t.TempDir(), Progress: t.Output()})
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range results {
					t.Logf("%s: %.0f ms", r.Package, r.DurationMS)
					if !r.OK {
						t.Errorf("%s failed: %s\n%s", r.Agent, r.Error, r.Output)
					}
				}
				if n := strings.Count(asked(), "POST "+route); n < 3 {
					t.Errorf("the upstream was asked %d times for %s:\n%s", n, route, asked())
				}
			})
		}
	}
}

func TestAnAgentThatIsRefusedIsAResultNotAnError(t *testing.T) {
	t.Parallel()
	requireAgents(t)
	url, _ := startRouter(t)
	results, err := agents.Run(t.Context(), agents.Options{RouterURL: url, Key: "sk-wrong", Scratch: t.TempDir(),
		Progress: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		t.Logf("%s: %.0f ms: %s", r.Package, r.DurationMS, r.Error)
		if r.OK || r.Error == "" || strings.Contains(r.Error, "sk-wrong") {
			t.Errorf("%s: ok %v, error %q", r.Agent, r.OK, r.Error)
		}
	}
}

func TestNpmIsGivenExactVersionsAndNoRegistry(t *testing.T) {
	t.Parallel()
	manifests, err := filepath.Glob("clients/*/package.json")
	if err != nil || len(manifests) < 10 {
		t.Fatalf("%d clients from npm, %v", len(manifests), err)
	}
	for _, path := range append(manifests, "package.json") {
		checkLock(t, path)
	}
}

// checkLock checks a package.json, and the lock file beside it.
func checkLock(t *testing.T, path string) {
	t.Helper()
	lock, err := os.ReadFile(filepath.Join(filepath.Dir(path), "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(lock, []byte("://")) || bytes.Contains(lock, []byte(`"resolved"`)) {
		t.Errorf("the lock of %s names a registry: keep omit-lockfile-registry-resolved=true in .npmrc, and take "+
			`"funding" out`, path)
	}
	var manifest struct{ Dependencies, OptionalDependencies map[string]string }
	var locked struct {
		Packages map[string]struct{ Version, Integrity string }
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(json.Unmarshal(text, &manifest), json.Unmarshal(lock, &locked)); err != nil {
		t.Fatal(err)
	}
	if len(manifest.Dependencies)+len(manifest.OptionalDependencies) == 0 {
		t.Errorf("%s names no package", path)
	}
	for _, wanted := range []map[string]string{manifest.Dependencies, manifest.OptionalDependencies} {
		for name, version := range wanted {
			got := locked.Packages["node_modules/"+name]
			if got.Version != version || got.Integrity == "" {
				t.Errorf("%s is %s in %s and %+v in the lock file", name, version, path, got)
			}
		}
	}
}

func TestPipIsGivenExactVersionsByDigestAndNoIndex(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("clients/aider/requirements.txt")
	if err != nil {
		t.Fatal(err)
	}
	requirements := strings.Split(strings.ReplaceAll(string(text), "\\\n", ""), "\n")
	for _, line := range requirements[:len(requirements)-1] {
		if !strings.Contains(line, "==") || !strings.Contains(line, "--hash=sha256:") || strings.Contains(line, "://") {
			t.Errorf("%.100s", line)
		}
	}
	if len(requirements) < 100 {
		t.Errorf("%d packages", len(requirements))
	}
}
