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
	require  string   // the variable that has its tests run
	packages []string // all tests of these
}

func clients() suite {
	return suite{"test:clients", "FLOWGATE_REQUIRE_AGENTS", []string{"./test/agents"}}
}

func litellm() suite {
	return suite{"test:litellm", "FLOWGATE_REQUIRE_LITELLM", []string{"./test/litellm", "./test/client"}}
}

func (s suite) develop(ctx context.Context) error {
	return develop(ctx, s.target, step{
		args:  append([]string{"test", "-json", "-count=1", "-v", "-timeout=30m"}, s.packages...),
		env:   []string{s.require + "=1"},
		tests: &gotest.Stream{Out: os.Stderr, Verbose: true, Forbid: true},
	})
}

// elsewhere is the target that runs all of a package, by import path.
func elsewhere() map[string]string {
	all := map[string]string{}
	for _, s := range [...]suite{clients(), litellm()} {
		for _, p := range s.packages {
			all["github.com/flowgate-go/flowgate"+strings.TrimPrefix(p, ".")] = s.target
		}
	}
	return all
}
