// Package tasks holds the targets: what people type behind mage. Every exported
// function here is one; each reads its parameters, calls one function of the
// domain, and hands the result to run, which prints the report.
//
// The first thing that happens in the program is in this file: the command line
// is read and brought into the form that mage's own parsing takes.
package tasks

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/sourcegraph/conc/panics"
	"golang.org/x/term"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// typed is the command line with the common flags taken out of os.Args. It is
// the one initialisation in the program that does something: mage parses
// os.Args first thing in main, and would refuse what people may type here.
var typed = take()

func take() commandLine {
	if strings.HasSuffix(filepath.Base(os.Args[0]), ".test") { // go test's own flags
		return commandLine{}
	}
	line, err := parse(os.Args[1:])
	if err == nil {
		_, err = output(line.common) // what was typed wrong is said before any work
	}
	if err == nil && line.listed == "" {
		os.Args = append(os.Args[:1:1], line.args...)
		return line
	}
	os.Exit(exitStatus(answer(line, err)))
	return commandLine{}
}

// answer prints what needs no target: a complaint about the command line, or
// the targets of a namespace.
func answer(line commandLine, err error) error {
	out, wrong := output(line.common)
	if wrong != nil {
		out = &report.Output{Stdout: os.Stdout, Indent: term.IsTerminal(int(os.Stdout.Fd()))}
	}
	now := time.Now()
	r := newReport(line.first, now)
	if err != nil {
		r.Finish(nil, err, now)
	} else {
		r.Finish(describeTargets(targetsIn(line.listed)), nil, now)
	}
	exit := out.Emit(context.Background(), r)
	if exit != nil {
		_, _ = os.Stderr.WriteString("Error: " + exit.Error() + "\n")
	}
	return exit
}

func exitStatus(err error) int {
	if exit, ok := err.(*report.Exit); ok { //nolint:errorlint // Emit returns it bare
		return exit.Status
	}
	return 0
}

// output makes the common flags into the way a report is printed.
func output(common map[string]string) (*report.Output, error) {
	name := common["format"]
	if name == "" {
		name = os.Getenv("FLOWGATE_FORMAT")
	}
	format, err := report.ParseFormat(name)
	if err != nil {
		return nil, err
	}
	out := &report.Output{
		Stdout: os.Stdout, Stderr: os.Stderr, Format: format,
		Raw: common["raw"] == "true", ExitByFilter: common["exit"] == "true",
		Indent: term.IsTerminal(int(os.Stdout.Fd())), Live: term.IsTerminal(int(os.Stderr.Fd())),
	}
	expr, filtered := common["jq"]
	if !filtered {
		return out, nil
	}
	if format != report.JSON && format != report.JSONL {
		return nil, fault.Usage("flag-invalid", "-jq works on JSON and -format is %s", format).WithHint("leave one of the two out")
	}
	out.Filter, err = report.CompileFilter(expr)
	return out, err
}

// session is what a target works with.
type session struct {
	out    *report.Output
	report *report.Report
	trust  trust.Verdict // of the configuration, where the target has one
}

// run does a target's work between the begin and the print of its report. A
// signal ends the work's context and makes the report an interrupted one; a
// panic becomes its error.
func run(ctx context.Context, command string, work func(ctx context.Context, s session) (any, error)) error {
	return runBounded(ctx, command, 10*time.Second, work)
}

// runBounded is run with the time that the work may take to end after a signal;
// 0 means as long as it takes.
func runBounded(ctx context.Context, command string, patience time.Duration, work func(ctx context.Context, s session) (any, error)) error {
	out, err := output(typed.common)
	if err != nil {
		return &report.Exit{Status: fault.ExitUsage, Message: err.Error()}
	}
	caughtPipe := make(chan os.Signal, 1) // a reader that left early (| head -1) must not kill us half-way
	signal.Notify(caughtPipe, syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	r := newReport(command, time.Now())
	data, err := runRecovered(ctx, command, patience, func() (any, error) { return work(ctx, session{out: out, report: r}) })
	if ctx.Err() != nil && !out.Quiet {
		err = report.Interrupted()
	}
	r.Finish(data, err, time.Now())
	return out.Emit(ctx, r)
}

// runRecovered does the work in a goroutine of its own, which is left behind when it
// is still not done so long after a signal: nothing may keep a command from ending.
func runRecovered(ctx context.Context, command string, patience time.Duration, work func() (any, error)) (any, error) {
	type outcome struct {
		data any
		err  error
	}
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		if p := panics.Try(func() { o.data, o.err = work() }); p != nil {
			o.err = fault.New("internal", "%s: a fault in FlowGate itself: %v", command, p.Value).WithHint("please report it, with what you typed")
		}
		done <- o
	}()
	select {
	case o := <-done:
		return o.data, o.err
	case <-ctx.Done():
	}
	late := (<-chan time.Time)(nil)
	if patience > 0 {
		late = time.After(patience)
	}
	select {
	case o := <-done:
		return o.data, o.err
	case <-late:
		return nil, report.Interrupted()
	}
}

// runServer is run for a target that is a server: a signal is how it is told to
// end, so it exits 0 then, and success prints no report.
func runServer(ctx context.Context, command string, work func(ctx context.Context) error) error {
	return runBounded(ctx, command, 0, func(ctx context.Context, s session) (any, error) {
		s.out.Quiet = true
		return nil, work(ctx)
	})
}

// configFile is the configuration file in force; "" means the built-in default.
func configFile() string {
	return config.Discover(typed.common["config"], os.Getenv("FLOWGATE_CONFIG"), "")
}

func loadConfig() (*config.Config, error) {
	if file := configFile(); file != "" {
		return config.Load(file, os.Getenv)
	}
	cfg := config.Default(".")
	return cfg, config.CheckFolder(cfg.Dir)
}

// deref is what a pointer parameter holds, or its type's zero.
func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// serviceList is a list of the service named, or nil for all.
func serviceList(service *string) []string {
	if deref(service) == "" {
		return nil
	}
	return []string{*service}
}

// dataOrError is a result for a report: none beside an error.
func dataOrError[T any](result T, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return result, nil
}
