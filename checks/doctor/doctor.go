// Package doctor examines an installation and the stack that may run from it,
// and says what is wrong, why, and the command that mends it. Run is the whole
// of it; List names its checks for doctor:list, doctor:explain and the runbook.
//
// It looks and never changes anything, unless Options.Fix lets it mend what is
// safe to mend: permissions, folders, stale files, ignore rules, the generated
// router configuration. It never touches the content of a credential or a
// running service, and goes to the network only with Options.Online.
package doctor

import (
	"context"
	"time"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/report"
)

// Options say what Run examines.
type Options struct {
	File   string // configuration file as people named it; empty: the built-in default
	Cwd    string // absolute folder that people work in
	Self   string // path that executes this program
	Only   string // globs of checks to run; empty: all
	Skip   string // globs of checks to leave out
	Fix    bool   // mend what is safe to mend
	Strict bool   // warnings count as failures
	Online bool   // try upstreams on the network
	// Untrusted is why the configuration is not trusted, "" when it is. Checks that
	// execute something that it names, or send requests, are left out then.
	Untrusted string
	Serial    bool // one check after the other, for comparison
	Environ   []string
	Getenv    func(string) string
	Now       func() time.Time
	Emit      func(report.Result)
}

// Examined is what a doctor report says of what was looked at.
type Examined struct {
	Config  string `json:"config"`  // file; empty for the built-in default
	Profile string `json:"profile"` // in force, or the default one
	Online  bool   `json:"online"`  // whether upstreams were tried
	History string `json:"history"` // the timeline in one line, when a stack that was started is not well
}

// Headline implements report.Headed.
func (e Examined) Headline() string { return e.History }

// Run examines everything and returns the report. With a configuration that
// cannot be used it returns the report and the configuration's fault as well.
// Faults: check-unknown and those of config.Load.
func Run(ctx context.Context, o Options) (report.Checked, error) {
	s := newSubject(ctx, o)
	list, err := checks.Select(s.checks(), o.Only, o.Skip)
	if err != nil {
		return report.Checked{}, err
	}
	defer s.close()
	how := checks.Options{Emit: o.Emit, Mend: o.Fix}
	if o.Serial {
		how.Parallel = 1
	}
	results := checks.Run(ctx, list, how)
	data := Examined{Config: o.File, Online: o.Online}
	if s.cfg != nil {
		data.Config, data.Profile, data.History = s.cfg.File, s.profile(), s.history(ctx)
	}
	return report.Checked{Checks: results, Data: data, Strict: o.Strict}, s.err
}

// history is the headline of the timeline for a stack that was started once and
// is not well. What the checks have asked is not asked again.
func (s *subject) history(ctx context.Context) string {
	status, err := s.status()
	if !exists(s.cfg.Paths.LogFile) || state(status, err) == stateWell {
		return ""
	}
	t, err := s.timeline(ctx, s.o.Now(), status, err)
	if err != nil { // processes.crashing says that events.log cannot be read
		return ""
	}
	return t.Headline()
}

// Checks are all checks, ready to run, and what to call when they have run: for
// families that share some of them.
func Checks(ctx context.Context, o Options) (list []checks.Check, done func()) {
	s := newSubject(ctx, o)
	return s.checks(), s.close
}

// Configuration is the one in force, or the fault that it cannot be used for.
func Configuration(o Options) (*config.Config, error) {
	if o.File == "" {
		return config.Default(o.Cwd), nil
	}
	return config.Load(o.File, o.Getenv)
}

// List returns all checks in the order in which Run reports them. They are for
// reading, not for running.
func List() []checks.Check {
	return newSubject(context.Background(), Options{}).checks()
}
