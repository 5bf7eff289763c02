package tasks

import (
	"context"
	"os"
	"strings"

	"github.com/flowgate-go/flowgate/internal/gotest"
)

// suite is a target with tests that need more than Go and git, and that the
// target test therefore skips. In their own target none may be skipped.
type suite struct {
	target   string
	require  string   // the variable that has its tests run; empty: they always run
	packages []string // all tests of these
	module   string   // the folder of the module that they belong to; empty: FlowGate's own
}

func clients() suite {
	return suite{"test:clients", "FLOWGATE_REQUIRE_AGENTS", []string{"./test/agents"}, ""}
}

func litellm() suite {
	return suite{"test:litellm", "FLOWGATE_REQUIRE_LITELLM", []string{"./test/litellm", "./test/client"}, ""}
}

// oracleModule is a module of its own: CLIProxyAPI's dependencies are not FlowGate's.
const oracleModule = "test/oracle"

func oracle() suite {
	return suite{"test:oracle", "", []string{"./" + oracleModule}, oracleModule}
}

func (s suite) develop(ctx context.Context) error {
	args := append([]string{"test", "-json", "-count=1", "-v", "-timeout=30m"}, s.packages...)
	if s.module != "" {
		args = []string{"test", "-C=" + s.module, "-json", "-count=1", "-v", "-timeout=30m", "./..."}
	}
	var env []string
	if s.require != "" {
		env = []string{s.require + "=1"}
	}
	return develop(ctx, s.target, step{
		args:  args,
		env:   env,
		tests: &gotest.Stream{Out: os.Stderr, Verbose: true, Forbid: true},
	})
}

// elsewhere is the target that runs all of a package, by import path.
func elsewhere() map[string]string {
	all := map[string]string{}
	for _, s := range [...]suite{clients(), litellm(), oracle()} {
		for _, p := range s.packages {
			all["github.com/flowgate-go/flowgate"+strings.TrimPrefix(p, ".")] = s.target
		}
	}
	return all
}
