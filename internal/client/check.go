package client

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
	"github.com/flowgate-go/flowgate/internal/subprocess"
	"github.com/flowgate-go/flowgate/internal/terminal"
)

// How the client that Ask ran was pointed at the router.
const (
	ViaSettings    = "settings"    // by its own files
	ViaEnvironment = "environment" // as client:run does
)

// Asked is what a client did with one prompt.
type Asked struct {
	Client     string  `json:"client"`
	Program    string  `json:"program"`
	Version    string  `json:"version"`       // "" when its package does not say
	Via        string  `json:"via"`           // settings or environment
	Seen       *int64  `json:"requests_seen"` // by the router meanwhile, of whatever client; null: it does not tell
	Answered   bool    `json:"answered"`      // the word that the prompt asks for came back
	ExitStatus int     `json:"exit_status"`   // -1: it did not end by itself
	Answer     string  `json:"answer"`        // the last 2 kB of its output
	Errors     string  `json:"errors"`        // the last 2 kB of its standard error
	DurationMS float64 `json:"duration_ms"`
}

// Question is what Ask needs besides the client and the router.
type Question struct {
	Word     string // what the client is to answer
	Environ  []string
	Getenv   func(string) string
	Requests func(ctx context.Context) *int64 // how many requests the router has had; nil: it does not tell
}

// maxOutput is how much of what a client prints is kept, in bytes.
const maxOutput = 2 << 10

// Ask has the real client answer one prompt in an empty folder, by its own settings when they
// point at the router, else by the environment of client:run. Faults: client-missing,
// client-not-startable, client-not-set-up, client-not-started; and client-check-failed, when no
// answer came, or none through the router.
func Ask(ctx context.Context, c Client, t Target, q Question) (Asked, error) {
	asked := Asked{Client: c.Name, Via: ViaEnvironment}
	var err error
	if asked.Program, err = c.FindProgram(); err != nil {
		return asked, err
	}
	asked.Version = c.version(asked.Program)
	if c.Check == nil {
		return asked, fault.Usage("client-not-startable", "%s cannot be asked without a person", c.Title).
			WithHint("ask it something yourself; mage client:list says where it points")
	}
	if err := c.CheckStartable(t, q.Getenv); err != nil {
		return asked, err
	}
	if c.Status(t, q.Getenv).Points == PointsRouter {
		asked.Via = ViaSettings
	}
	before := q.Requests(ctx)
	if err := asked.run(ctx, c, t, q); err != nil {
		return asked, err
	}
	if after := q.Requests(context.WithoutCancel(ctx)); before != nil && after != nil {
		asked.Seen = new(int64)
		*asked.Seen = *after - *before
	}
	if ctx.Err() != nil {
		return asked, fault.New("client-check-failed", "%s did not end within its time: %s", c.Title,
			lastLine(asked.Errors, asked.Answer)).
			WithHint("give it longer with -timeout, or start it yourself: it may wait for an answer")
	}
	return asked, asked.judge(c, q)
}

// run starts the client and waits for it.
func (a *Asked) run(ctx context.Context, c Client, t Target, q Question) error {
	dir, err := os.MkdirTemp("", "flowgate-check-")
	if err != nil {
		return fault.New("client-not-started", "make a folder to work in: %w", err).
			WithHint("set TMPDIR to a folder that you can write")
	}
	defer func() { _ = os.RemoveAll(dir) }()
	env, arguments := t.checkEnvironment(c, a.Via, q.Environ)
	for _, argument := range c.Check.Arguments {
		prompt := "Answer with this word and nothing else: " + q.Word
		arguments = append(arguments, strings.ReplaceAll(argument, "{prompt}", prompt))
	}
	var out, errs strings.Builder
	cmd := subprocess.Command(ctx, a.Program, arguments...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, &out, &errs
	start := time.Now()
	err = cmd.Run()
	a.DurationMS = float64(time.Since(start).Microseconds()) / 1000
	if exited := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exited) && ctx.Err() == nil {
		return fault.New("client-not-started", "start %s: %w", a.Program, err).WithHint("try it alone: %s", a.Program)
	}
	a.ExitStatus, a.Answered = cmd.ProcessState.ExitCode(), strings.Contains(out.String(), q.Word)
	a.Answer, a.Errors = showOutput(out.String(), t.Key), showOutput(errs.String(), t.Key)
	return nil
}

// checkEnvironment returns the environment and the first arguments of a client that Ask runs.
func (t Target) checkEnvironment(c Client, via string, environ []string) (env, arguments []string) {
	if via == ViaEnvironment {
		return t.Environment(c, environ)
	}
	env = slices.Clone(environ)
	if c.Key == KeyVariable { // as the note of Setup says
		env = append(env, c.Variable+"="+t.Key)
	}
	return env, nil
}

// showOutput returns the end of what a client printed, without secrets.
func showOutput(text, key string) string {
	scrubbed := redact.NewLogScrubber(key).Scrub([]byte(subprocess.Tail([]byte(text), maxOutput)))
	return strings.TrimSpace(string(scrubbed))
}

// judge returns the fault client-check-failed unless the answer came through the router.
func (a Asked) judge(c Client, q Question) error {
	switch {
	case a.Seen != nil && *a.Seen == 0 && a.Via == ViaSettings:
		return fault.New("client-check-failed", "seen by the router: 0 requests: %s ignores its settings in %s", c.Title,
			c.Files[0].Path(q.Getenv)).WithHint("%s", c.ignoreAdvice(q.Getenv))
	case a.Seen != nil && *a.Seen == 0:
		return fault.New("client-check-failed", "seen by the router: 0 requests: %s ignores its environment", c.Title).
			WithHint("look at what it printed, and at its own settings")
	case a.ExitStatus != 0:
		return fault.New("client-check-failed", "%s ended with status %d: %s",
			c.Title, a.ExitStatus, lastLine(a.Errors, a.Answer)).
			WithHint("mage logs litellm shows what the router did")
	case !a.Answered:
		return fault.New("client-check-failed", "%s did not answer what it was asked: %s",
			c.Title, lastLine(a.Answer, a.Errors)).
			WithHint("the model may have answered something else; look at .data.answer")
	}
	return nil
}

// ignoreAdvice returns what may win over a client's own settings.
func (c Client) ignoreAdvice(getenv func(string) string) string {
	set := slices.DeleteFunc(slices.Clone(c.overrides()), func(name string) bool { return getenv(name) == "" })
	if len(set) > 0 {
		return fmt.Sprintf("%s is set and wins over them", strings.Join(set, " and "))
	}
	return "it may have signed in to its maker, or have settings of the folder or of an administrator; " +
		"quit its other processes"
}

// overrides returns the variables that win over the client's settings.
func (c Client) overrides() []string {
	names := slices.Clone(c.Wins)
	if c.Run != nil {
		names = append(names, c.Run.Unset...)
	}
	return slices.Compact(slices.Sorted(slices.Values(names)))
}

// lastLine returns the last line of the first text that has one.
func lastLine(texts ...string) string {
	for _, text := range texts {
		if lines := strings.Split(strings.TrimSpace(text), "\n"); lines[len(lines)-1] != "" {
			return lines[len(lines)-1]
		}
	}
	return "it printed nothing"
}

// Print implements report.Printed: what the client answered, and how it came to the router; nothing
// of a client that was not started.
func (a Asked) Print(p *terminal.Printer) {
	if a.DurationMS == 0 {
		return
	}
	seen := "unknown"
	if a.Seen != nil {
		seen = strconv.FormatInt(*a.Seen, 10)
	}
	p.Field(a.Client, terminal.Join(" ", a.Program, a.Version))
	p.Field("by", a.Via)
	p.Field("requests seen by the router", seen)
	p.Field("answer", lastLine(a.Answer))
}
