package tasks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/commandline"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/printable"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/report"
)

// Main runs the targets that args, the program's os.Args, name one after the other until
// one fails, and returns the exit status.
func Main(args []string) int { return runMain("", args) }

// Magefile is a magefile that imports this package.
type Magefile struct {
	Prefix string // what its targets begin with: "fg" for `//mage:import fg`, "" for none
}

// TakeOver runs the command line and ends the program when it is for FlowGate's targets.
// A magefile calls it in its init function, before the main function that mage generates, which
// does not know the common flags, parses os.Args.
//
// It returns when mage asks for the list of targets (mage -l), and when there is a prefix and
// the first word does not begin with it: that word is a target of the magefile's own.
func (m Magefile) TakeOver() {
	if os.Getenv("MAGEFILE_LIST") != "" {
		return
	}
	args, isOurs := os.Args, true
	if m.Prefix != "" {
		args, isOurs = cutPrefix(os.Args, m.Prefix+":")
	}
	if isOurs {
		// The goroutine that runs init functions is bound to one thread: each time that it waits for another
		// goroutine, or is waited for, the system has to switch threads. So the work is done in a free one.
		go func() { os.Exit(runMain(m.Prefix, args)) }()
		select {}
	}
}

// cutPrefix returns args with prefix, in any case, removed from the first word after the
// program's name. It reports whether the prefix was there.
func cutPrefix(args []string, prefix string) ([]string, bool) {
	if len(args) < 2 || !strings.HasPrefix(strings.ToLower(args[1]), strings.ToLower(prefix)) {
		return nil, false
	}
	return append([]string{args[0], args[1][len(prefix):]}, args[2:]...), true
}

// runMain is Main for targets whose names begin with a prefix; "" for none.
func runMain(prefix string, args []string) int {
	started.stdout, started.stderr = surviveClosedPipe(os.Stdout), surviveClosedPipe(os.Stderr)
	program.SetFinder(func() string { return program.Find(describeStart(prefix)) })
	line, err := readCommandLine(args)
	if err != nil || line.Namespace != "" {
		return started.printWithoutTarget(line, err)
	}
	for _, n := range line.Notes {
		started.printNote(program.Command(n.Old) + " is the old spelling of " + program.Command(n.Now))
	}
	ctx, cancel := newTargetContext()
	defer cancel()
	for _, call := range line.Calls {
		if err := callTarget(ctx, call.Target.Method, arguments(call.Values)); err != nil {
			return started.printFailure(err)
		}
	}
	return 0
}

// readCommandLine parses args, the program's os.Args, and stores in started what applies to
// every target of the line. Without a target, the line is that of overview.
func readCommandLine(args []string) (commandline.Line, error) {
	line, err := catalogue.Parse(args[1:])
	if err != nil {
		return line, err
	}
	if len(line.Calls) == 0 && line.Namespace == "" {
		t, _ := catalogue.Lookup("overview")
		line.Calls = []commandline.Call{{Target: t}}
	}
	if os.Getenv("MAGEFILE_HELP") != "" && len(line.Calls) > 0 { // mage -h TARGET
		line, err = catalogue.Parse([]string{"help", line.Calls[0].Target.Name})
	}
	if err == nil {
		started.print, err = parsePrintOptions(line.Common, started.getenv)
	}
	started.line = line
	program.SetConfig(line.Common["config"])
	return line, err
}

// describeStart returns how this process was started.
func describeStart(prefix string) program.Started {
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	return program.Started{
		Args: os.Args, Executable: self, Prefix: prefix, Getenv: started.getenv,
		Parents: func() [][]string { return process.AncestorCommands(2) },
	}
}

// newTargetContext returns the context of the targets, which ends after the time that mage's
// own flag -t allows them.
func newTargetContext() (context.Context, context.CancelFunc) {
	if limit, err := time.ParseDuration(os.Getenv("MAGEFILE_TIMEOUT")); err == nil && limit > 0 {
		return context.WithTimeout(context.Background(), limit)
	}
	return context.WithCancel(context.Background())
}

// printNote shows people a line on stderr, unless they asked for quiet.
func (i invocation) printNote(text string) {
	if i.line.Common["quiet"] != "true" {
		_, _ = io.WriteString(i.stderr, printable.EscapeLine(text)+"\n")
	}
}

// printFailure shows people on stderr why a target failed, and returns the exit status.
func (i invocation) printFailure(err error) int {
	if text := err.Error(); text != "" {
		_, _ = io.WriteString(i.stderr, fmt.Sprintf("Error: %s\n", text))
	}
	var exit *report.Exit
	if errors.As(err, &exit) {
		return exit.Status
	}
	return fault.ExitFailed
}
