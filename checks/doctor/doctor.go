// Package doctor examines an installation and the stack that may run from it,
// and says what is wrong, why, and the command that fixes it. Call
// Run; List names its checks for doctor:list, doctor:explain and the runbook.
//
// It looks and never changes anything, unless Options.Fix lets it fix what is safe to
// fix: permissions, folders, stale files, ignore rules, the generated router
// configuration. Without Options.Fix it writes only notes of its own: of a refused
// management key, which it then does not try again, and of the latest versions that it
// asked for. It never touches the content of a credential or a running service, and goes
// to the network only with Options.Online.
package doctor

import (
	"context"
	"time"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/checks/timeline"
	"github.com/flowgate-go/flowgate/internal/remote"
	"github.com/flowgate-go/flowgate/internal/report"
)

// Options say what Run examines.
type Options struct {
	File   string         // configuration file as people named it; empty: the built-in default
	Dir    string         // folder of the built-in default; "" is the working folder
	Cwd    string         // absolute folder that people work in
	Self   string         // path that executes this program
	Only   string         // globs of checks to run; empty: all
	Skip   string         // globs of checks to leave out
	Fix    bool           // fix what is safe to fix
	Strict bool           // warnings count as failures
	Online bool           // try upstreams on the network
	Remote remote.Options // a router elsewhere that is examined in place of all that, when it has a URL
	// Untrusted is why the configuration is not trusted, "" when it is. Checks that
	// execute something that it names, or send requests, are left out then.
	Untrusted string
	Serial    bool // one check after the other, for comparison
	Environ   []string
	Getenv    func(string) string
	Now       func() time.Time
	Emit      func(report.Result)
}

// Subject returns the part of the options that says what is examined.
func (o Options) Subject() subject.Options {
	return subject.Options{
		ConfigFile: o.File, Dir: o.Dir, Cwd: o.Cwd, Self: o.Self, Online: o.Online, Untrusted: o.Untrusted,
		Environ: o.Environ, Getenv: o.Getenv, Now: o.Now,
	}
}

// Examined is what a doctor report says of what was looked at.
type Examined struct {
	Config  string `json:"config"`        // file; empty for the built-in default
	Profile string `json:"profile"`       // in force, or the default one
	Online  bool   `json:"online"`        // whether upstreams were tried
	URL     string `json:"url,omitempty"` // of the router elsewhere that was examined
	History string `json:"history"`       // the timeline in one line, when a stack that was started is not well
}

// Headline implements report.Headed.
func (e Examined) Headline() string { return e.History }

// Run examines everything and returns the report. With a configuration that
// cannot be used it returns the report and the configuration's fault as well.
// Faults: check-unknown, flag-invalid, those of config.Load and remote.Open.
func Run(ctx context.Context, o Options) (report.Checked, error) {
	if o.Remote.URL != "" {
		return runRemote(ctx, o)
	}
	s := subject.New(ctx, o.Subject())
	list, err := checks.Select(allChecks(s), o.Only, o.Skip)
	if err != nil {
		return report.Checked{}, err
	}
	defer s.Close()
	options := checks.Options{Emit: o.Emit, Mend: o.Fix}
	if o.Serial {
		options.Parallel = 1
	}
	results := checks.Run(ctx, list, options)
	data := Examined{Config: o.File, Online: o.Online}
	if s.Config != nil {
		data.Config, data.Profile, data.History = s.Config.File, s.Profile(), timeline.Headline(ctx, s)
	}
	return report.Checked{Checks: results, Data: data, Strict: o.Strict}, s.ConfigError
}

// Checks returns all checks, ready to run, and a func to call when they have run: for
// families that share some of them.
func Checks(ctx context.Context, o Options) (list []checks.Check, done func()) {
	s := subject.New(ctx, o.Subject())
	return allChecks(s), s.Close
}

// List returns all checks in the order in which Run reports them. They are for
// reading, not for running.
func List() []checks.Check {
	return allChecks(subject.New(context.Background(), subject.Options{}))
}
