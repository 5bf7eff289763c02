package canary

import (
	"bytes"
	"context"
	_ "embed" // for commandLines
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/loopback"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// commandLines holds the commands that Commands lists first, one on each line. The age
// recipient in it is the one in age's README; its private key is not in this repository.
//
//go:embed commands.txt
var commandLines string

// targetsWithConfig are run with each broken configuration.
const targetsWithConfig = "config:validate config:check config:show config:migrate config:extract-keys start doctor " +
	"security-check verify smoke rollback"

// Commands returns the commands that a trial runs, in order; a word that begins with @
// stands for a broken configuration. Together they run every target that an installation
// has.
func Commands() [][]string {
	var all [][]string
	for line := range strings.Lines(commandLines) {
		all = append(all, strings.Fields(line))
	}
	for _, format := range []string{"json", "jsonl", "text", "github", "junit", "sarif"} {
		all = append(
			all,
			[]string{"security-check", "-all", "-probe", "-format=" + format},
			[]string{"doctor", "-format=" + format},
		)
	}
	for target := range strings.FieldsSeq(targetsWithConfig) {
		all = append(all, []string{target, "@"})
	}
	return append(
		all,
		[]string{"router:serve", "-settings=config/flowgate.yaml", "-port=1"},
		[]string{"page:serve", "-config=nosuch.yaml"},
		[]string{"echo:serve", "-host=256.0.0.1"},
		finalLogsCommand(),
		[]string{"stop"},
	)
}

// finalLogsCommand returns the command that shows a log into which fillLog wrote every
// secret.
func finalLogsCommand() []string { return []string{"logs", "-n=5000"} }

// exitStatus is the exit status of a command; -1 when it has none.
type exitStatus struct{ status int }

// runCommands runs all commands and sends requests in between.
func (t *trial) runCommands(ctx context.Context) checks.Outcome {
	broken, _ := filepath.Glob(filepath.Join(t.dir, "broken", "*.yaml"))
	for _, words := range Commands() {
		switch {
		case words[0] == "stop":
			t.captureProcesses(ctx)
		case slices.Equal(words, finalLogsCommand()):
			t.fillLog()
		}
		if i := slices.Index(words, "@"); i >= 0 {
			for _, file := range broken {
				t.runCommand(ctx, append(slices.Clone(words[:i]), "-config="+file)...)
			}
			continue
		}
		if end := t.runCommand(ctx, words...); words[0] == "start" && len(words) == 1 && end.status != 0 {
			return checks.Failed("start exited with status %d: %s", end.status, t.lastComplaint())
		}
		if words[0] == "health" {
			t.sendRequests(ctx)
		}
	}
	if ctx.Err() != nil {
		return checks.Skipped("interrupted")
	}
	return checks.Passed(checks.Note{Text: fmt.Sprintf("%d commands", len(t.outputs))})
}

// runCommand runs the program in the trial's folder, as a user without any other
// configuration, and keeps what it prints.
func (t *trial) runCommand(ctx context.Context, words ...string) exitStatus {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	temp := filepath.Join(t.dir, "tmp")
	_ = os.MkdirAll(temp, 0o700) // the command says if it cannot write there
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, t.options.Self, words...) //nolint:gosec // this program itself
	cmd.Dir, cmd.Stdout, cmd.Stderr = t.dir, &stdout, &stderr
	cmd.Stdin = strings.NewReader("{}\n")
	cmd.Env = append(
		slices.DeleteFunc(slices.Clone(t.options.Environ), func(v string) bool { return strings.HasPrefix(v, "FLOWGATE_") }),
		"HOME="+t.dir,
		"XDG_STATE_HOME="+filepath.Join(t.dir, "state"),
		"TMPDIR="+temp,
		"CANARY_KEY="+t.secretOf("environment variable"),
	)
	err := cmd.Run()
	t.summary.Commands = append(t.summary.Commands, strings.Join(words, " "))
	t.outputs = append(
		t.outputs,
		output{strings.Join(words, " "), map[string][]byte{"stdout": stdout.Bytes(), "stderr": stderr.Bytes()}},
	)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exitStatus{exit.ExitCode()}
	}
	if err != nil {
		return exitStatus{-1}
	}
	return exitStatus{}
}

// lastComplaint returns the first line that the last command wrote to its standard error,
// without secrets.
func (t *trial) lastComplaint() string {
	var values []string
	for _, p := range t.secrets {
		values = append(values, p.value)
	}
	line, _, _ := bytes.Cut(t.outputs[len(t.outputs)-1].streams["stderr"], []byte("\n"))
	return string(redact.NewScrubber(values...).Scrub(line))
}

// secretOf returns the secret of a kind; "" when none was planted.
func (t *trial) secretOf(kind string) string {
	for _, p := range t.secrets {
		if p.kind == kind {
			return p.value
		}
	}
	return ""
}

// captureProcesses records the arguments of every process, which every user can read.
func (t *trial) captureProcesses(ctx context.Context) {
	out, err := exec.CommandContext(ctx, "ps", "-A", "-o", "args").Output()
	if err == nil {
		t.outputs = append(t.outputs, output{"ps", map[string][]byte{"the list of processes": out}})
	}
}

// sendRequests sends secrets through the router, right and wrong ones, where it may
// fail and write things down.
func (t *trial) sendRequests(ctx context.Context) {
	client := loopback.New(loopback.Options{Timeout: 5 * time.Second})
	base := t.routerURL(ctx)
	for _, r := range []struct{ path, key, model string }{
		{"/v1/chat/completions", t.secretOf("gateway key"), "router-default"},
		{"/v1/chat/completions", t.secretOf("gateway key"), "canary-env"},
		{"/v1/chat/completions", t.secretOf("gateway key"), "canary"},
		{"/v1/messages", t.secretOf("gateway key"), "router-default"},
		{"/v1/chat/completions", t.addSecret("wrong key that a client sent", "sk-", ""), "router-default"},
		{"/v1/models?api_key=" + t.addSecret("key in a query", "sk-", ""), "", ""},
		{"/nosuch/" + t.addSecret("key in a path", "sk-", ""), "", ""},
	} {
		body := fmt.Sprintf(`{"model":%q,"max_tokens":5,"messages":[{"role":"user","content":"x"}]}`, r.model)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+r.path, strings.NewReader(body))
		if err != nil {
			continue
		}
		req.Header.Set("Authorization", "Bearer "+r.key)
		req.Header.Set("Content-Type", "application/json")
		res, err := client.Do(req)
		if err != nil {
			continue
		}
		reply, _ := io.ReadAll(res.Body) // a reply that was cut off is searched as far as it came
		_ = res.Body.Close()
		path, _, _ := strings.Cut(r.path, "?")
		t.outputs = append(t.outputs, output{"POST " + path, map[string][]byte{"the reply": reply}})
	}
}

// routerURL returns the address at which the trial's router listens.
func (t *trial) routerURL(ctx context.Context) string {
	t.runCommand(ctx, "status", `-jq=.data.services[]|select(.name=="litellm").url`, "-raw")
	return strings.TrimSpace(string(t.outputs[len(t.outputs)-1].streams["stdout"]))
}
