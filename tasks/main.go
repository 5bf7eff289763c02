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
	Prefix string // of the targets there: "fg" for `//mage:import fg`, "" for none
}

// TakeOver runs the command line and ends the program when it is for FlowGate's targets.
// A magefile calls it in its init function, before the main function that mage generates reads
// os.Args, which knows no common flags.
//
// It returns when mage wants to know the targets (mage -l), and when there is a prefix and
// the first word does not have it: then a target of the magefile's own is meant.
func (m Magefile) TakeOver() {
	if os.Getenv("MAGEFILE_LIST") != "" {
		return
	}
	args, ours := os.Args, true
	if m.Prefix != "" {
		args, ours = cutPrefix(os.Args, m.Prefix+":")
	}
	if ours {
		os.Exit(runMain(m.Prefix, args))
	}
}

// cutPrefix returns the arguments with prefix taken from the first, and whether it had one.
func cutPrefix(args []string, prefix string) ([]string, bool) {
	if len(args) < 2 || !strings.HasPrefix(strings.ToLower(args[1]), strings.ToLower(prefix)) {
		return nil, false
	}
	return append([]string{args[0], args[1][len(prefix):]}, args[2:]...), true
}

// runMain is Main for targets under a prefix.
func runMain(prefix string, args []string) int {
	program.SetFinder(func() string { return program.Find(howStarted(prefix)) })
	line, err := readCommandLine(args)
	if err != nil || line.Namespace != "" {
		return started.printWithoutTarget(line, err)
	}
	for _, n := range line.Notes {
		started.printNote(program.Command(n.Old) + " is the old spelling of " + program.Command(n.Now))
	}
	ctx, cancel := contextOfMage()
	defer cancel()
	for _, call := range line.Calls {
		if err := callTarget(ctx, call.Target.Method, arguments(call.Values)); err != nil {
			return started.printFailure(err)
		}
	}
	return 0
}

// readCommandLine reads args, the program's os.Args, and keeps what holds for every
// target of the line.
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

// howStarted says how this process was started.
func howStarted(prefix string) program.Started {
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	return program.Started{
		Args: os.Args, Executable: self, Prefix: prefix, Getenv: started.getenv,
		Parents: func() [][]string { return process.AncestorCommands(2) },
	}
}

// contextOfMage returns the context of the targets, which ends after the time that mage's
// own flag -t gave them.
func contextOfMage() (context.Context, context.CancelFunc) {
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
