package auth

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/flowgate-go/flowgate/internal/cliproxy"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// The server sees a new file within 0.1 s and has its models a moment later
// (measured on CLIProxyAPI 7).
const (
	proofPatience = 8 * time.Second
	proofPause    = 250 * time.Millisecond
)

// proveAll is proveEach with one error: the first. Faults: proof-failed, and
// those of the management API but its absence.
func (d desk) proveAll(ctx context.Context, changes []Change) error {
	unproven, err := d.proveEach(ctx, changes)
	for _, one := range unproven {
		if err == nil {
			err = one
		}
	}
	return err
}

// proveEach reads back what was written and, with a server running, waits until
// it lists each credential with models. It returns what is wrong with each; nil
// for those that are proven.
func (d desk) proveEach(ctx context.Context, changes []Change) ([]error, error) {
	unproven := make([]error, len(changes))
	if d.dry {
		return unproven, nil
	}
	providers, err := Providers(d.cfg)
	if err != nil {
		return nil, err
	}
	for i := range changes {
		unproven[i] = d.readBack(&changes[i], providers)
	}
	if !slices.ContainsFunc(changes, func(c Change) bool { return c.Changed }) {
		return unproven, nil
	}
	s, err := openServer(d.cfg, d.env)
	if errors.Is(err, errNoServer) || isCode(err, "management-key-missing") {
		return unproven, nil
	}
	if err != nil {
		return nil, err
	}
	until := time.Now().Add(proofPatience) // for all: they were written before
	for i := range changes {
		if unproven[i] == nil {
			unproven[i] = d.prove(ctx, s, &changes[i], until)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return unproven, nil
}

// placed says of a failed proof that the file is there all the same.
func placed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("the credential is in its place, but its proof failed: %w", err)
}

func (d desk) readBack(c *Change, providers []Provider) error {
	a := examine(c.Destination, providers, readObservations(d.cfg), d.env.Now())
	if filepath.Ext(c.Destination) != ".json" {
		for _, key := range keys(d.cfg, providers, d.env.Now()) {
			if key.File == c.Destination {
				a = key
			}
		}
	}
	c.Account = &a
	bad := slices.IndexFunc(a.Problems, func(p Problem) bool {
		return slices.Contains([]string{ProblemUnreadable, ProblemInvalid, ProblemNoToken, ProblemNoType}, p.Code)
	})
	if bad >= 0 {
		return fault.New("proof-failed", "%s does not read back as a credential: %s", c.Destination, a.Problems[bad].Message).WithHint("mage auth:status shows it")
	}
	return nil
}

// prove waits until the server lists the file with models; it asks at least once.
func (d desk) prove(ctx context.Context, s *server, c *Change, until time.Time) error {
	if !c.Changed || filepath.Dir(c.Destination) != Folder(d.cfg, d.env) || c.Account.Disabled {
		return nil
	}
	name := filepath.Base(c.Destination)
	for {
		live, err := ask(ctx, s, name)
		if isCode(err, "management-unreachable") {
			c.Proof += "; no server runs that could list it"
			return nil
		}
		if err != nil && !isTransient(err) {
			return err
		}
		if err == nil && live.Listed && live.Models != 0 {
			c.Account.Live = &live
			c.Proof = "the server lists it" + models(live.Models)
			return nil
		}
		switch late := time.Now().After(until); {
		case late && err != nil:
			return err
		case late:
			return unproven(s, name, live)
		}
		if err := sleep(ctx, proofPause); err != nil {
			return err
		}
	}
}

func models(n int) string {
	if n < 0 {
		return "; this server does not say with which models"
	}
	return fmt.Sprintf(" with %d models", n)
}

func unproven(s *server, name string, live Live) error {
	if !live.Listed {
		return fault.New("proof-failed", "CLIProxyAPI at %s does not list %s", s.Base, name).
			WithHint("does it load another folder? mage doctor compares auth-dir")
	}
	return fault.New("proof-failed", "CLIProxyAPI at %s (version %s) lists %s and offers no model with it", s.Base, s.Version, name).
		WithHint("this server cannot use credentials of that kind; CLIProxyAPI 7 dropped Gemini CLI, Qwen, iFlow, Kiro and Copilot, which the Plus family has")
}

// ask is what the server says about one file.
func ask(ctx context.Context, s *server, name string) (Live, error) {
	files, err := s.list(ctx)
	if err != nil {
		return Live{}, err
	}
	i := slices.IndexFunc(files, func(f cliproxy.CredentialFile) bool { return f.Name == name })
	if i < 0 {
		return Live{Models: -1}, nil
	}
	live := liveOf(files[i])
	count, known, err := s.Models(ctx, name)
	if known {
		live.Models = count
	}
	return live, err
}

func liveOf(f cliproxy.CredentialFile) Live {
	return Live{Listed: true, Status: f.Status, Message: shown(f.StatusMessage), RetryAt: f.NextRetryAfter, Models: -1, Available: !f.Unavailable && !f.Disabled}
}
