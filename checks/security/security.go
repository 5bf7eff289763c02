// Package security answers one question before every push and in every CI job:
// is a secret exposed, or about to be? Call Run; List names its checks.
//
// It looks and changes nothing, unless Options.Fix lets it fix permissions and ignore
// rules; it writes a cache of its own, and a baseline with Options.WriteBaseline. It
// sends requests to this machine's own addresses, and only with Options.Probe; it goes
// to the network only with Options.Online. A secret leaves it only as a preview of at
// most four characters.
//
// The package is larger than others (about 1,900 lines) since all its checks share
// one audit: the repository, the rules, the baseline and the findings that become
// one report. A folder for each family would only export those members.
package security

import (
	"context"
	"slices"
	"time"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/secret/scan"
)

// Options say what Run examines.
type Options struct {
	doctor.Options

	All           bool   // ignored files too
	Staged        bool   // staged changes instead of the working tree
	Range         string // the commits A..B instead of the working tree
	History       bool   // every commit too
	Probe         bool   // send requests to the running stack
	Baseline      string // file of findings that are known
	WriteBaseline string // file that becomes a baseline with all findings of this run
}

// Examined is what a security report says of what was looked at.
type Examined struct {
	Root     string         `json:"root"`     // folder that was scanned
	Git      bool           `json:"git"`      // whether it is a git repository
	Findings []scan.Finding `json:"findings"` // of all content checks
	Scanned  scan.Scanned   `json:"scanned"`
	Baseline string         `json:"baseline,omitempty"` // written by this run
}

// Places implements report.Placed.
func (e Examined) Places() []report.Place {
	places := []report.Place{}
	for _, f := range e.Findings {
		places = append(places, report.Place{
			Rule: f.Rule, Text: f.Description, File: f.File,
			Line: f.Line, Column: f.Column, EndLine: f.EndLine, EndColumn: f.EndColumn,
			Commit: f.Commit, Fingerprint: f.Fingerprint, Known: f.Baseline,
		})
	}
	return places
}

// Run examines everything and returns the report. Faults: check-unknown,
// baseline-invalid, baseline-unwritable, flag-invalid, rules-invalid and those of
// config.Load, the last ones with the report.
func Run(ctx context.Context, o Options) (report.Checked, error) {
	list, finish, err := Checks(ctx, o)
	if err != nil {
		return report.Checked{}, err
	}
	results := checks.Run(ctx, list, checks.Options{Emit: o.Emit, Mend: o.Fix})
	data, err := finish()
	return report.Checked{Checks: results, Data: data, Strict: o.Strict}, err
}

// Checks returns the chosen checks, ready to run; finish returns what they found.
func Checks(ctx context.Context, o Options) ([]checks.Check, func() (Examined, error), error) {
	if o.Staged && o.Range != "" {
		return nil, nil, fault.Usage("flag-invalid", "-staged and -range look at different changes").
			WithHint("leave one of the two out")
	}
	s, err := newAudit(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	list, closeDoctor := s.allChecks(ctx)
	list, err = checks.Select(list, o.Only, o.Skip)
	if err != nil {
		closeDoctor()
		return nil, nil, addFlagHint(err, o)
	}
	return list, func() (Examined, error) {
		closeDoctor()
		return s.collectExamined()
	}, nil
}

// addFlagHint returns err with a hint about the flag that a chosen check needs, if that
// flag was not given.
func addFlagHint(err error, o Options) error {
	if _, listErr := checks.Select(List(), o.Only, o.Skip); listErr != nil {
		return err
	}
	return fault.From(err).WithHint("that check needs its flag: -history, -range=A..B, -staged or -probe")
}

// List returns all checks in the order in which Run reports them. They are for
// reading, not for running.
func List() []checks.Check {
	s := &audit{options: Options{History: true, Probe: true}}
	list, done := s.allChecks(context.Background())
	done()
	return append(list, s.secretsStaged(), s.secretsRange())
}

// sharedChecks lists doctor's checks that are about security too.
const sharedChecks = "folder.private,folder.ignored,keys.private,credentials.private,ports.loopback," +
	"cliproxy.keys,services.dotenv,runtimes.digest,runtimes.good"

// allChecks returns all checks, each after the checks that it needs, and a func to call when
// they have run.
func (s *audit) allChecks(ctx context.Context) ([]checks.Check, func()) {
	shared, done := doctor.Checks(ctx, s.options.Options)
	shared, err := checks.Select(shared, sharedChecks, "")
	if err != nil {
		panic(err) // an ID in sharedChecks does not exist
	}
	own := slices.Concat(
		[]checks.Check{s.filesTracked(), s.filesIgnored(), s.runtimePrivate(), s.runtimeClosed(), s.secretsLogs()},
		s.contentChecks(),
		[]checks.Check{
			s.managementKey(), s.managementRemote(), s.upstreamQuiet(), s.secretsReferenced(), s.routerKey(),
		},
		s.exposureChecks())
	for i := range own {
		own[i].Family = "security"
		if own[i].Timeout == 0 {
			own[i].Timeout = time.Minute
		}
	}
	return append(shared, own...), done
}

// contentChecks returns the checks of what files and commits hold.
func (s *audit) contentChecks() []checks.Check {
	var list []checks.Check
	switch {
	case s.options.Staged:
		list = append(list, s.secretsStaged())
	case s.options.Range != "":
		list = append(list, s.secretsRange())
	default:
		list = append(list, s.secretsTree())
	}
	if s.options.History {
		list = append(list, s.secretsHistory())
	}
	return list
}
