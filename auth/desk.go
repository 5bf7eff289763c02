package auth

import (
	"context"
	"os"
	"slices"

	"github.com/flowgate-go/flowgate/internal/config"
)

// desk puts drafts in their place: the one way by which a credential gets into
// the folder.
type desk struct {
	cfg         *config.Config
	env         Environment
	dest        string
	dry, force  bool
	share, take bool
}

// move is one draft with where it goes, decided before anything is written.
type move struct {
	draft   *draft
	dest    string
	old     []byte // what was there; nil when nothing was
	content []byte
	same    bool   // nothing is to be written
	taking  bool   // the source loses its refresh token
	sharing string // the grant that is shared on purpose; "" when none is
}

// settle decides on all drafts, then writes them; when one is refused nothing
// is written. Faults: refresh-missing, credential-older, grant-shared,
// take-impossible, source-is-destination, destination-unsafe,
// destination-taken, provider-unsupported, write-failed, locked, and those of prove.
func (d desk) settle(ctx context.Context, drafts []draft) (Change, error) {
	if !d.dry {
		if err := os.MkdirAll(Folder(d.cfg, d.env), 0o700); err != nil {
			return Change{}, unwritable(Folder(d.cfg, d.env), err)
		}
		unlock, err := lock(ctx, Folder(d.cfg, d.env))
		if err != nil {
			return Change{}, err
		}
		defer unlock()
	}
	if err := d.supported(ctx, drafts); err != nil {
		return Change{}, err
	}
	moves, err := d.decide(ctx, drafts)
	if err != nil {
		return Change{}, err
	}
	var changes []Change
	for _, m := range moves {
		c, err := d.carryOut(m)
		if err != nil {
			return Change{}, err
		}
		changes = append(changes, c)
	}
	if err := d.proveAll(ctx, changes); err != nil {
		return Change{}, err
	}
	first := changes[0]
	first.Others = changes[1:]
	return first, nil
}

func (d desk) decide(ctx context.Context, drafts []draft) ([]move, error) {
	accounts, err := Accounts(ctx, d.cfg, d.env)
	if err != nil {
		return nil, err
	}
	var moves []move
	for i := range drafts {
		m, err := d.plan(&drafts[i], accounts, len(drafts) > 1)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(moves, func(other move) bool { return other.dest == m.dest }) {
			m.same = true // two files of one account: they would be two credentials
			drafts[i].warn(ProblemTwice, "%s in %s was left out: %s takes another of the same account", m.draft.name, from(m.draft), m.dest)
		}
		moves = append(moves, m)
	}
	return moves, d.grants(ctx, moves, accounts)
}
