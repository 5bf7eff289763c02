// Package proof shows that credentials work after they were written: Each and All
// read the files back and wait until the running server lists them with models;
// AwaitFile waits for the file of a sign-in that another program makes.
package proof

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/management"
	"github.com/flowgate-go/flowgate/auth/provider"
	"github.com/flowgate-go/flowgate/auth/signin/retry"
	"github.com/flowgate-go/flowgate/internal/cliproxy"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// The server lists a new file within 0.1 s and its models soon after (measured on
// CLIProxyAPI 7).
const (
	maxWait = 8 * time.Second
	pause   = 250 * time.Millisecond
)

// waitLimit bounds how long a proof waits for the server: for maxWait, by the clock and
// by the sum of the pauses between its questions.
type waitLimit struct {
	env   auth.Environment
	until time.Time
	left  time.Duration
}

// newWaitLimit returns a limit of maxWait from now on.
func newWaitLimit(env auth.Environment) *waitLimit {
	return &waitLimit{env: env, until: time.Now().Add(maxWait), left: maxWait}
}

// isOver reports whether the limit is reached.
func (l *waitLimit) isOver() bool { return l.left <= 0 || time.Now().After(l.until) }

// pause waits between two questions. It returns the error of ctx if ctx ends first.
func (l *waitLimit) pause(ctx context.Context) error {
	l.left -= pause
	return l.env.Wait(ctx, pause)
}

// prover proves credentials of one installation.
type prover struct {
	cfg *config.Config
	env auth.Environment
}

// All does what Each does and returns only the first error. Faults: proof-failed, and
// those of a management API that answers.
func All(ctx context.Context, cfg *config.Config, env auth.Environment, changes []auth.Change) error {
	unproven, err := Each(ctx, cfg, env, changes)
	for _, changeErr := range unproven {
		if err == nil {
			err = changeErr
		}
	}
	return err
}

// Each reads the files of all changes back and waits until a running server lists
// each credential with models. It returns one error for each change: nil if it is
// proven.
func Each(ctx context.Context, cfg *config.Config, env auth.Environment, changes []auth.Change) ([]error, error) {
	v := prover{cfg, env}
	unproven := make([]error, len(changes))
	providers, err := provider.All(v.cfg)
	if err != nil {
		return nil, err
	}
	for i := range changes {
		unproven[i] = v.readBack(&changes[i], providers)
	}
	if !slices.ContainsFunc(changes, func(c auth.Change) bool { return c.Changed }) {
		return unproven, nil
	}
	s, err := management.Open(v.cfg, v.env)
	if errors.Is(err, management.ErrNoServer) || fault.HasCode(err, "management-key-missing") {
		return unproven, nil
	}
	if err != nil {
		return nil, err
	}
	limit := newWaitLimit(v.env) // for all: they were written before this call
	for i := range changes {
		if unproven[i] == nil {
			unproven[i] = v.prove(ctx, s, &changes[i], limit)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return unproven, nil
}

// StillInPlace adds to the error of a failed proof that the file was not taken back.
func StillInPlace(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("the credential is in its place, but its proof failed: %w", err)
}

// readBack reads the file of a change and sets its account.
func (v prover) readBack(c *auth.Change, providers []provider.Provider) error {
	a := auth.ReadAccount(v.cfg, c.Destination, providers, v.env.Now())
	if filepath.Ext(c.Destination) != ".json" {
		for _, key := range auth.APIKeys(v.cfg, providers, v.env.Now()) {
			if key.File == c.Destination {
				a = key
			}
		}
	}
	c.Account = &a
	bad := slices.IndexFunc(a.Problems, func(p auth.Problem) bool {
		return slices.Contains([]string{auth.ProblemUnreadable, auth.ProblemInvalid, auth.ProblemNoToken, auth.ProblemNoType},
			p.Code)
	})
	if bad >= 0 {
		return fault.New("proof-failed", "%s does not read back as a credential: %s", c.Destination, a.Problems[bad].Message).
			WithHint("mage auth:status shows it")
	}
	return nil
}

// prove waits until the server lists the file with models, until limit is over; it asks
// at least once. Without a server it proves nothing and says so in the change.
func (v prover) prove(ctx context.Context, s *management.Server, c *auth.Change, limit *waitLimit) error {
	if !c.Changed || filepath.Dir(c.Destination) != auth.Folder(v.cfg, v.env) || c.Account.Disabled {
		return nil
	}
	name := filepath.Base(c.Destination)
	for {
		live, err := askServer(ctx, s, name)
		if fault.HasCode(err, "management-unreachable") {
			c.Proof += "; no server runs that could list it"
			return nil
		}
		if err != nil && !retry.IsTransient(err) {
			return err
		}
		if err == nil && live.Listed && live.Models != 0 {
			c.Account.Live = &live
			c.Proof = "the server lists it" + describeModels(live.Models)
			return nil
		}
		switch late := limit.isOver(); {
		case late && err != nil:
			return err
		case late:
			return unprovenFault(s, name, live)
		}
		if err := limit.pause(ctx); err != nil {
			return err
		}
	}
}

// describeModels returns the number of models as part of a proof.
func describeModels(n int) string {
	if n < 0 {
		return "; this server does not say with which models"
	}
	return fmt.Sprintf(" with %d models", n)
}

// unprovenFault returns the fault for a credential that the server does not use.
func unprovenFault(s *management.Server, name string, live auth.Live) error {
	if !live.Listed {
		return fault.New("proof-failed", "CLIProxyAPI at %s does not list %s", s.Base, name).
			WithHint("does it load another folder? mage doctor compares auth-dir")
	}
	return fault.New("proof-failed", "CLIProxyAPI at %s (version %s) lists %s and offers no model with it", s.Base,
		s.Version, name).
		WithHint("this server cannot use credentials of that kind; CLIProxyAPI 7 dropped Gemini CLI, Qwen, iFlow, Kiro " +
			"and Copilot, which the Plus family loads")
}

// askServer returns what the server reports about one file.
func askServer(ctx context.Context, s *management.Server, name string) (auth.Live, error) {
	files, err := s.ListFiles(ctx)
	if err != nil {
		return auth.Live{}, err
	}
	i := slices.IndexFunc(files, func(f cliproxy.CredentialFile) bool { return f.Name == name })
	if i < 0 {
		return auth.Live{Models: -1}, nil
	}
	live := management.LiveState(files[i])
	count, known, err := s.Models(ctx, name)
	if known {
		live.Models = count
	}
	return live, err
}
