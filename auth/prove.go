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

// proveAll reads back what was written and, with a server running, waits until
// it lists the credential with models. Faults: proof-failed, and those of the
// management API but its absence.
func (d desk) proveAll(ctx context.Context, changes []Change) error {
	providers, err := Providers(d.cfg)
	if err != nil {
		return err
	}
	for i := range changes {
		c := &changes[i]
		if d.dry {
			continue
		}
		if err := d.readBack(c, providers); err != nil {
			return err
		}
	}
	if d.dry || !slices.ContainsFunc(changes, func(c Change) bool { return c.Changed }) {
		return nil
	}
	s, err := openServer(d.cfg, d.env)
	if errors.Is(err, errNoServer) || isCode(err, "management-key-missing") {
		return nil
	}
	if err != nil {
		return err
	}
	for i := range changes {
		if err := d.prove(ctx, s, &changes[i]); err != nil {
			return err
		}
	}
	return nil
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

// prove waits until the server lists the file with models.
func (d desk) prove(ctx context.Context, s *server, c *Change) error {
	if !c.Changed || filepath.Dir(c.Destination) != Folder(d.cfg, d.env) || c.Account.Disabled {
		return nil
	}
	name, late := filepath.Base(c.Destination), time.After(proofPatience)
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
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-late:
			if err != nil {
				return err
			}
			return unproven(s, name, live)
		case <-time.After(proofPause):
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
