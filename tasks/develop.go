package tasks

import (
	"context"

	"github.com/magefile/mage/mg"
)

// Test holds the targets that test FlowGate itself; they need its source tree.
type Test mg.Namespace

// Default tests all packages under the race detector and says which tests failed and which were skipped.
func (Test) Default(ctx context.Context, run *string) error {
	return runTests(ctx, deref(run))
}

// Clients runs the real Codex, Claude Code, Gemini CLI and ten other tools through the router; needs node, npm and python3.
func (Test) Clients(ctx context.Context) error {
	return clientSuite().run(ctx)
}

// Cluster runs three routers behind the real haproxy with the real Redis; needs apt-get, or both on the PATH.
func (Test) Cluster(ctx context.Context) error {
	return clusterSuite().run(ctx)
}

// Deploy has the code of Kubernetes and Compose judge what is rendered, and runs a router as a pod; needs a right to mount.
func (Test) Deploy(ctx context.Context) error {
	return deploySuite().run(ctx)
}

// Litellm runs the whole of FlowGate with the real LiteLLM in the router's place; needs python3.
func (Test) Litellm(ctx context.Context) error {
	return litellmSuite().run(ctx)
}

// Metrics has the real Prometheus evaluate LiteLLM's dashboards over the router; needs apt-get or prometheus.
func (Test) Metrics(ctx context.Context) error {
	return metricsSuite().run(ctx)
}

// Oracle compares the stack with the real CLIProxyAPI, built from its published module; needs the module proxy.
func (Test) Oracle(ctx context.Context) error {
	return oracleSuite().run(ctx)
}

// Page opens the page of a real stack in the real Chromium, which is installed where there is none.
func (Test) Page(ctx context.Context) error {
	return pageSuite().run(ctx)
}

// Bench runs the benchmarks of docs/benchmarks.md.
func (Test) Bench(ctx context.Context) error {
	return runGoSteps(ctx, "test:bench",
		step{args: []string{"test", "-run=^$", "-bench=.", "-benchmem", "./..."}},
		step{args: []string{"test", "-C=" + testModule, "-run=^$", "-bench=.", "-benchmem", "./..."}})
}

// Lint vets the code for Linux and macOS, runs the linters of .golangci.yml and checks the workflows.
func Lint(ctx context.Context) error {
	darwin := []string{"GOOS=darwin", "GOARCH=arm64", "CGO_ENABLED=0"}
	var steps []step
	for _, module := range [...]string{".", testModule, oracleModule, deployModule} {
		steps = append(steps, step{args: []string{"vet", "-C=" + module, "./..."}})
	}
	for _, m := range [...]struct{ module, tools string }{{".", "tools/go.mod"}, {testModule, "../tools/go.mod"}} {
		steps = append(steps,
			step{args: []string{"vet", "-C=" + m.module, "./..."}, env: darwin},
			step{args: []string{"tool", "-C=" + m.module, "-modfile=" + m.tools, "golangci-lint", "run"}})
	}
	return runGoSteps(ctx, "lint", append(steps, step{args: []string{"build", "./..."}, env: darwin},
		step{args: []string{"tool", "-modfile=tools/actionlint/go.mod", "actionlint"}})...)
}

// Vuln asks the Go vulnerability database about everything that FlowGate calls; needs the network.
func Vuln(ctx context.Context) error {
	return runGoSteps(ctx, "vuln",
		step{args: []string{"tool", "-modfile=tools/go.mod", "govulncheck", "./..."}},
		step{args: []string{"tool", "-C=" + testModule, "-modfile=../tools/go.mod", "govulncheck", "./..."}})
}
