package tasks

import (
	"context"

	"github.com/magefile/mage/mg"
)

// Test holds the targets that test FlowGate itself; they need its source tree.
type Test mg.Namespace

// Default passes the tests: all packages under the race detector.
func (Test) Default(ctx context.Context, run *string, short *bool) error {
	args := []string{"test", "-race", "./..."}
	if value(short) {
		args = append(args, "-short")
	}
	if value(run) != "" {
		args = append(args, "-run="+value(run))
	}
	return develop(ctx, "test", step{"go", args, nil})
}

// Clients runs the real Codex and Claude Code through the router; needs node and npm.
func (Test) Clients(ctx context.Context) error {
	return develop(ctx, "test:clients", step{"go", []string{"test", "-count=1", "-v", "./test/agents/..."}, []string{"FLOWGATE_REQUIRE_AGENTS=1"}})
}

// Litellm runs the whole of FlowGate with the real LiteLLM in the router's place; needs python3.
func (Test) Litellm(ctx context.Context) error {
	return develop(ctx, "test:litellm", step{"go", []string{"test", "-count=1", "-v", "-timeout=30m", "./test/litellm/...", "./test/client/..."}, []string{"FLOWGATE_REQUIRE_LITELLM=1"}})
}

// Bench runs the benchmarks of docs/benchmarks.md.
func (Test) Bench(ctx context.Context) error {
	return develop(ctx, "test:bench", step{"go", []string{"test", "-run=^$", "-bench=.", "-benchmem", "./..."}, nil})
}

// Lint vets the code for Linux and macOS and runs the linters of .golangci.yml.
func Lint(ctx context.Context) error {
	darwin := []string{"GOOS=darwin", "GOARCH=arm64", "CGO_ENABLED=0"}
	return develop(ctx, "lint",
		step{"go", []string{"vet", "./..."}, nil},
		step{"go", []string{"vet", "./..."}, darwin},
		step{"go", []string{"build", "./..."}, darwin},
		step{"go", []string{"tool", "-modfile=tools/go.mod", "golangci-lint", "run"}, nil})
}

// Vuln asks the Go vulnerability database about everything that FlowGate calls; needs the network.
func Vuln(ctx context.Context) error {
	return develop(ctx, "vuln", step{"go", []string{"tool", "-modfile=tools/go.mod", "govulncheck", "./..."}, nil})
}
