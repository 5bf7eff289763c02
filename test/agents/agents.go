// Package agents runs the real coding agents, Codex, Claude Code and Gemini CLI, through a
// router: each sends one prompt with a random token and must print the token's
// echo. Call Run with a router whose upstream is the echo upstream. The agents
// come from npm, pinned by the lock file that is part of this package.
//
// It never touches the user's own configuration of an agent: every agent gets
// a home of its own. It never passes a key in argv.
package agents

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/samber/lo"
	"github.com/sourcegraph/conc/iter"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/subprocess"
)

// patience is how long one agent may take. On two idle cores Codex needs 1 s,
// Claude Code 1.5 s and Gemini CLI 4 s.
const patience = 90 * time.Second

// Options say where the router is and where files go.
type Options struct {
	RouterURL string    // base URL without /v1, "http://127.0.0.1:4000"
	Key       string    // the router's key
	Model     string    // default router-default
	FastModel string    // default router-cheap
	Tool      bool      // the prompt has the agent run a command, whose output it must print
	Only      string    // the agent to be run; default: all
	Task      *Task     // what the agents do instead of having their prompt echoed
	Scratch   string    // existing folder for homes and work folders; the caller removes it
	Cache     string    // folder of the installed agents; default flowgate/test-agents in the user's cache folder
	Progress  io.Writer // lines for people; default: nowhere
}

// Result is what one agent did.
type Result struct {
	Agent      string  `json:"agent"`   // codex, claude or gemini
	Package    string  `json:"package"` // npm package with its version
	OK         bool    `json:"ok"`      // the answer was what the task wants and the exit status was 0
	Answer     string  `json:"answer"`  // the last one
	Thinking   string  `json:"thinking"`
	DurationMS float64 `json:"duration_ms"`
	Output     string  `json:"output"`          // stdout, the last 2 kB of it
	Error      string  `json:"error,omitempty"` // what went wrong, with the end of stderr
}

// agent is one program and how it is told about the router.
type agent struct {
	name, pkg string
	tool      string // the name of the tool that runs a command, and
	argument  string // the name of its argument
	isSilent  bool   // it does not print what the model thought
	prepare   func(home string, opts Options) error
	args      func(task Task, opts Options) []string
	env       func(home string, task Task, opts Options) []string
}

// Names returns the names of the agents.
func Names() []string { return []string{codex().name, claude().name, gemini().name} }

// Run installs the agents if need be and runs all of them at the same time.
// The results come in a fixed order; an agent that failed is a result, not an
// error. Faults: npm-missing, npm-install-failed, cache-unwritable,
// cache-busy, agents-scratch-unwritable.
func Run(ctx context.Context, opts Options) ([]Result, error) {
	opts.Model = lo.CoalesceOrEmpty(opts.Model, "router-default")
	opts.FastModel = lo.CoalesceOrEmpty(opts.FastModel, "router-cheap")
	if opts.Progress == nil {
		opts.Progress = io.Discard
	}
	installed, err := Install(ctx, opts.Cache, opts.Progress)
	if err != nil {
		return nil, err
	}
	agents := []agent{codex(), claude(), gemini()}
	if opts.Only != "" {
		agents = slices.DeleteFunc(agents, func(a agent) bool { return a.name != opts.Only })
	}
	return iter.MapErr(agents, func(a *agent) (Result, error) { return a.run(ctx, installed, opts) })
}

// run gives an agent a home and a prompt and looks for the echo in what it prints.
func (a *agent) run(ctx context.Context, installed string, opts Options) (Result, error) {
	home, work := filepath.Join(opts.Scratch, a.name, "home"), filepath.Join(opts.Scratch, a.name, "work")
	for _, dir := range []string{home, work, filepath.Join(home, "tmp")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return Result{}, scratchFault(err)
		}
	}
	if err := a.prepare(home, opts); err != nil {
		return Result{}, scratchFault(err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("no answer within %v", patience))
	defer cancel()
	task := a.echoTask(strings.ToLower(rand.Text()), opts.Tool)
	if opts.Task != nil {
		task = *opts.Task
	}
	var errs strings.Builder
	cmd := subprocess.Command(ctx, filepath.Join(installed, "node_modules", ".bin", a.name), a.args(task, opts)...)
	cmd.Dir, cmd.Stdin, cmd.Stderr = work, strings.NewReader(task.Input), &errs
	cmd.Env = append([]string{
		"HOME=" + home, "TMPDIR=" + filepath.Join(home, "tmp"), "PATH=" + os.Getenv("PATH"), "NO_COLOR=1", "TERM=dumb",
	}, a.env(home, task, opts)...)
	start := time.Now()
	printed, err := runIntoFile(cmd, filepath.Join(opts.Scratch, a.name, "stdout"))
	r := Result{Agent: a.name, Package: a.pkg, Output: subprocess.Tail(printed, 2<<10)}
	r.DurationMS = float64(time.Since(start).Microseconds()) / 1000
	said := readTranscript(string(printed))
	r.Answer, r.Thinking = said.answer, said.thinking
	if a.isSilent {
		task.Thinking = ""
	}
	r.Error = complaint(ctx, err, said, errs.String(), task)
	r.OK = r.Error == ""
	return r, nil
}

// runIntoFile runs a command and returns what it printed, which goes through a file: programs
// for Node.js that end lose what a pipe has not taken yet.
func runIntoFile(cmd *exec.Cmd, path string) (printed []byte, err error) {
	out, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	cmd.Stdout = out
	err = errors.Join(cmd.Run(), out.Close())
	printed, readErr := os.ReadFile(path)
	return printed, errors.Join(err, readErr)
}

// echoTask is to have a token echoed. The echo upstream calls the tool that it is told to
// call, and echoes the tool's result: the token backwards, which only the command can know.
func (a *agent) echoTask(token string, usesTool bool) Task {
	if !usesTool {
		return Task{Prompt: "say " + token, Want: "say " + token}
	}
	runes := []rune(token)
	slices.Reverse(runes)
	prompt := fmt.Sprintf(`call tool %s {"%s":"printf %s | rev"}`, a.tool, a.argument, token)
	return Task{Prompt: prompt, Want: string(runes)}
}

// complaint is empty when an agent did what it should: it answered what it should have. A
// chat upstream gets one text of an agent's context and its prompt, so that an echo has both.
func complaint(ctx context.Context, err error, said transcript, errs string, task Task) string {
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case err == nil && !strings.Contains(said.answer, task.Want):
		err = fmt.Errorf("the answer is %.200q, without %q", said.answer, task.Want)
	case err == nil && !strings.Contains(said.thinking, task.Thinking):
		err = fmt.Errorf("the thinking is %.200q, without %q", said.thinking, task.Thinking)
	case err == nil:
		return ""
	}
	return fmt.Sprintf("%v; stderr: %s", err, subprocess.Tail([]byte(errs), 2<<10))
}

func scratchFault(err error) error {
	return fault.New("agents-scratch-unwritable", "prepare an agent's home: %w", err).
		WithHint("name a scratch folder that you can write")
}
