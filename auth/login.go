package auth

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// standardTimeout is how long a person may take: CLIProxyAPI's own browser
// flows wait as long.
const standardTimeout = 5 * time.Minute

// LoginOptions steer Login. A secret comes from Stdin, Env or File and never
// from an argument.
type LoginOptions struct {
	Method  string        // "": the provider's default
	Timeout time.Duration // 0: 5 min
	Paste   bool          // the browser is on another machine: its last address is pasted here
	Stdin   bool          // the secret is the first line of In
	Env     string        // the secret is in this variable
	File    string        // the secret is in this file
	Label   string        // names the account where the provider does not
	Project string        // Google Cloud project, where the provider wants one
	Force   bool
	Share   bool
	Person  Person
}

// Person is who signs in.
type Person struct {
	In      io.Reader                           // what is pasted or piped
	Out     io.Writer                           // what to open and to type; os.Stderr
	Secret  func(prompt string) (string, error) // asks without echo; nil when there is no terminal
	Environ []string                            // what a command inherits
}

// method is a way to sign in: it returns the credential, or nil when the server
// has written it itself. ready says why it cannot be used now, or "".
type method struct {
	run   func(ctx context.Context, s *signIn) ([]draft, error)
	ready func(s *signIn) string
}

// methods are all that there are. A new one is a file and a line.
func methods() map[string]method {
	return map[string]method{
		"management":   {runManagement, readyServer},
		"oauth_poll":   {runPoll, readyPoll},
		"pkce":         {runPKCE, readyPKCE},
		"device_code":  {runDevice, readyDevice},
		"api_key":      {runKey, always},
		"static_token": {runToken, always},
		"import":       {runImport, readyImport},
		"command":      {runCommand, readyCommand},
	}
}

func always(*signIn) string { return "" }

// signIn is one sign-in under way.
type signIn struct {
	cfg      *config.Config
	env      Environment
	provider Provider
	o        LoginOptions
}

// say tells the person something.
func (s *signIn) say(format string, args ...any) {
	if s.o.Person.Out != nil {
		_, _ = fmt.Fprintf(s.o.Person.Out, format+"\n", args...)
	}
}

// Login signs in to a provider and returns when the credential is in its place
// and proven. Whatever ends it early leaves the folder as it was. Faults:
// provider-unknown, method-unknown, method-unready, callback-port-taken,
// state-mismatch, login-denied, login-expired, login-timeout, login-failed,
// login-unproven, credential-input, those of the management API, and those of
// Import.
func Login(ctx context.Context, cfg *config.Config, env Environment, provider string, o LoginOptions) (Change, error) {
	p, err := Find(cfg, provider)
	if err != nil {
		return Change{}, err
	}
	name, m, err := chooseMethod(p, o.Method)
	if err != nil {
		return Change{}, err
	}
	s := &signIn{cfg, env, p, o}
	if why := m.ready(s); why != "" {
		return Change{}, fault.New("method-unready", "%s cannot sign in with %s: %s", p.Name, name, why).WithHint("%s", otherwise(p, name))
	}
	if o.Timeout <= 0 {
		o.Timeout = standardTimeout
	}
	before, err := snapshot(Folder(cfg, env))
	if err != nil {
		return Change{}, err
	}
	limited, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	drafts, err := m.run(limited, s)
	if err != nil {
		return Change{}, ended(ctx, limited, p, o.Timeout, err)
	}
	d := desk{cfg: cfg, env: env, force: o.Force, share: o.Share}
	if drafts == nil {
		return d.observed(ctx, p, before)
	}
	for i := range drafts {
		if o.Label != "" {
			drafts[i].label = o.Label
		}
		if err := (intake{cfg: cfg, provider: &p}).bind(&drafts[i]); err != nil {
			return Change{}, err
		}
	}
	return d.settle(ctx, drafts)
}

func chooseMethod(p Provider, asked string) (string, method, error) {
	name := asked
	if name == "" {
		name = p.Methods[0]
	}
	known := methods()
	m, ok := known[name]
	if ok {
		return name, m, nil
	}
	all := slices.Sorted(maps.Keys(known))
	hint := "known: " + strings.Join(all, ", ")
	if near := config.Nearest(name, all); near != "" {
		hint = fmt.Sprintf("did you mean %q? %s", near, hint)
	}
	return "", m, fault.Usage("method-unknown", "%s: there is no method %q", p.Name, name).WithHint("%s", hint)
}

func otherwise(p Provider, method string) string {
	others := slices.DeleteFunc(slices.Clone(p.Methods), func(m string) bool { return m == method })
	if len(others) == 0 {
		return "mage auth:list shows what is possible now"
	}
	return "or another way: -method=" + strings.Join(others, ", -method=")
}

// ended makes a clear fault of a sign-in that a clock or a signal ended.
func ended(ctx, limited context.Context, p Provider, limit time.Duration, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(limited.Err(), context.DeadlineExceeded):
		return fault.New("login-timeout", "signing in to %s was not finished within %s; nothing was changed", p.Name, limit).
			WithHint("run it again; -timeout=10m gives more time")
	}
	return err
}

// state of a file that tells whether it changed.
type footprint struct {
	size int64
	at   time.Time
}

func snapshot(folder string) (map[string]footprint, error) {
	files, err := list(folder)
	if err != nil {
		return nil, err
	}
	seen := make(map[string]footprint, len(files))
	for _, file := range files {
		if info, err := os.Stat(file); err == nil {
			seen[file] = footprint{info.Size(), info.ModTime()}
		}
	}
	return seen, nil
}

// observed is the proof of a sign-in whose credential somebody else wrote: a
// new or changed file of the provider's type. No word of a server counts
// without one. Fault: login-unproven.
func (d desk) observed(ctx context.Context, p Provider, before map[string]footprint) (Change, error) {
	late := time.After(proofPatience)
	for {
		accounts, err := Accounts(ctx, d.cfg, d.env)
		if err != nil {
			return Change{}, err
		}
		for _, a := range accounts {
			info, err := os.Stat(a.File)
			if err != nil || a.Provider != p.Name || filepath.Ext(a.File) != ".json" || before[a.File] == (footprint{info.Size(), info.ModTime()}) {
				continue
			}
			c := []Change{{Changed: true, Destination: a.File, Warnings: []Warning{}, Proof: "a new credential file is there"}}
			err = d.proveAll(ctx, c)
			return c[0], err
		}
		select {
		case <-ctx.Done():
			return Change{}, ctx.Err()
		case <-late:
			return Change{}, fault.New("login-unproven", "the sign-in to %s was said to have worked, but no new or changed credential of it is in %s", p.Name, Folder(d.cfg, d.env)).
				WithHint("does the server write to another folder? mage doctor compares auth-dir; mage logs cliproxyapi_plus has what it said")
		case <-time.After(proofPause):
		}
	}
}

// readLine reads one line of what a person pastes or pipes, at most 64 kB.
func (s *signIn) readLine(ctx context.Context) (string, error) {
	if s.o.Person.In == nil {
		return "", fault.Usage("credential-input", "there is nobody to ask: stdin is not open").WithHint("run it in a terminal")
	}
	type line struct {
		text string
		err  error
	}
	read := make(chan line, 1)
	go func() { // ends with the line or with the process: a read from a terminal cannot be called off
		text, err := bufio.NewReader(io.LimitReader(s.o.Person.In, 64<<10)).ReadString('\n')
		if errors.Is(err, io.EOF) && text != "" {
			err = nil
		}
		read <- line{strings.TrimSpace(text), err}
	}()
	select {
	case l := <-read:
		if l.err != nil || l.text == "" {
			return "", fault.Usage("credential-input", "nothing was given on stdin").WithHint("paste or pipe one line")
		}
		return l.text, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
