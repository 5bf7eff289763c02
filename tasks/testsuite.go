package tasks

import (
	"cmp"
	"context"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/flowgate-go/flowgate/internal/gotest"
	"github.com/flowgate-go/flowgate/internal/gotest/prepare"
)

// Folders of modules that hold only tests, so that what only tests need is not among
// FlowGate's own dependencies.
const (
	testModule   = "test"        // official SDKs, gitleaks, an OAuth server, schemas
	oracleModule = "test/oracle" // the real CLIProxyAPI
	deployModule = "test/deploy" // Kubernetes and Compose
)

// parallelTests is how many tests of a package run at once. Most wait, for processes,
// time limits and intervals, and need no processor meanwhile.
const parallelTests = "8"

// testModules returns the modules whose tests run everywhere. first has their slowest packages,
// which start first so that nothing waits for them at the end.
func testModules() []struct{ module, first string } {
	return []struct{ module, first string }{
		{".", "./supervisor/... ./internal/release ./checks/security ./internal/secret/..."},
		{testModule, "./script ./doctor"},
	}
}

// runTests runs the tests of testModules. run is a pattern for the names of tests; empty: all.
func runTests(ctx context.Context, run string) error {
	if requireSource("test") != nil {
		return runGoSteps(ctx, "test") // which says why, before anything is written
	}
	home, err := prepare.NewHome(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = home.Close() }()
	clone, err := prepare.CloneFlags(".")
	if err != nil {
		return err
	}
	race := map[string][]string{}
	for _, m := range testModules() {
		if race[m.module], err = prepare.RaceFlags(ctx, m.module); err != nil {
			return err
		}
	}
	return runGoSteps(ctx, "test", testSteps(home, clone, race, run)...)
}

// testSteps returns a step for the tests that the race detector would make much slower (testsWithoutRace), and one for
// those of each of testModules, with its flags in race. All have the flags clone.
func testSteps(home *prepare.Home, clone []string, race map[string][]string, run string) []step {
	program := &prepare.Program{Root: ".", Tests: testModule}
	steps := []step{testStep(home, ".", cmp.Or(run, testsWithoutRace), clone, []string{"./internal/router/route"},
		"CGO_ENABLED=0")}
	for _, m := range testModules() {
		flags := slices.Concat(clone, race[m.module],
			[]string{"-parallel=" + parallelTests, "-p=" + strconv.Itoa(2*runtime.GOMAXPROCS(0))})
		packages := append(strings.Fields(m.first), "./...")
		s := testStep(home, m.module, run, flags, packages, raceOptions())
		s.program = program
		steps = append(steps, s)
	}
	return steps
}

// testsWithoutRace is a pattern for the names of the tests that stand in files with the build tag !race. They compute
// for seven times as long under the race detector, which looks at the same code in shorter tests. They are compiled as
// the program that other tests run.
const testsWithoutRace = "^TestTheDocumentHasTheFiguresOfTheSimulatedRouters$"

// testStep returns a step that tests packages of a module. Two packages share a processor: while one waits for the last
// of its intervals and time limits, another is compiled, linked or tested. vet is the target lint's, and test programs
// without symbols for a debugger are linked in half the time.
func testStep(home *prepare.Home, module, run string, flags, packages []string, env string) step {
	args := slices.Concat([]string{"test", "-C=" + module, "-json", "-vet=off", "-ldflags=-s -w"}, flags, packages)
	if run != "" {
		args = append(args, "-run="+run)
	}
	return step{args: args, env: slices.Concat(home.Env(), prepare.TempVariable(), []string{env, collectionOptions()}),
		home: home,
		tests: &gotest.Stream{Forbid: started.getenv("FLOWGATE_FORBID_SKIPS") != "", Elsewhere: targetsByPackage(),
			Command: "go test -C=" + module}}
}

// raceOptions returns the environment variable of the race detector: by default a program waits
// for a second before it exits, and so does each test program, and each process that is one
// again. That is longer than the tests of most packages take. Tests wait for their goroutines.
func raceOptions() string {
	return "GORACE=" + strings.TrimSpace(started.getenv("GORACE")+" atexit_sleep_ms=0")
}

// collectionOptions returns the environment variable of the garbage collector for the go command, the compiler, the
// linker and the test programs: a heap may grow to five times of what is in use, in place of twice. Most of them end
// before their heap is large, and a collection under the race detector takes long. The developer's own GOGC wins. The
// program that tests run gets neither (subprocess.CompileFlowGate).
func collectionOptions() string { return "GOGC=" + cmp.Or(started.getenv("GOGC"), "400") }

// suite is a target with tests that need more than Go and git. The target test therefore
// skips them; in their own target none may be skipped.
type suite struct {
	target   string
	require  string   // the variable that has its tests run; empty: they always run
	module   string   // the folder of the module that they belong to
	packages []string // all tests of these, relative to the module
}

func clientSuite() suite {
	return suite{"test:clients", "FLOWGATE_REQUIRE_AGENTS", testModule, []string{"./agents"}}
}

func clusterSuite() suite {
	return suite{"test:cluster", "FLOWGATE_REQUIRE_CLUSTER", testModule, []string{"./cluster"}}
}

func deploySuite() suite {
	return suite{"test:deploy", "", deployModule, []string{"."}}
}

func litellmSuite() suite {
	return suite{"test:litellm", "FLOWGATE_REQUIRE_LITELLM", testModule, []string{"./litellm", "./client"}}
}

func metricsSuite() suite {
	return suite{"test:metrics", "FLOWGATE_REQUIRE_PROMETHEUS", testModule, []string{"./metrics"}}
}

func oracleSuite() suite {
	return suite{"test:oracle", "", oracleModule, []string{".", "./translation"}}
}

func pageSuite() suite {
	return suite{"test:page", "FLOWGATE_REQUIRE_CHROMIUM", testModule, []string{"./page"}}
}

// run runs all tests of the suite. vet is the target lint's.
func (s suite) run(ctx context.Context) error {
	args := append([]string{"test", "-C=" + s.module, "-json", "-count=1", "-v", "-vet=off", "-timeout=30m"},
		s.packages...)
	var env []string
	if s.require != "" {
		env = []string{s.require + "=1"}
	}
	return runGoSteps(ctx, s.target, step{
		args:  args,
		env:   env,
		tests: &gotest.Stream{Verbose: true, Forbid: true, Command: "go test -C=" + s.module},
	})
}

// targetsByPackage returns the targets that run all tests of a package, by its import path.
func targetsByPackage() map[string]string {
	all := map[string]string{}
	for _, s := range [...]suite{clientSuite(), litellmSuite(), oracleSuite(), pageSuite(), metricsSuite(),
		clusterSuite(), deploySuite()} {
		for _, p := range s.packages {
			all[path.Join("github.com/flowgate-go/flowgate", s.module, p)] = s.target
		}
	}
	return all
}
