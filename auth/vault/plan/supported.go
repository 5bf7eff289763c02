package plan

import (
	"context"
	"errors"
	"slices"

	"github.com/flowgate-go/flowgate/auth/draft"
	"github.com/flowgate-go/flowgate/auth/management"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// dropUnsupported refuses drafts that the running server would ignore; if the plan is
// Lenient, it leaves them out. Without a server the drafts get a warning.
func (p planner) dropUnsupported(ctx context.Context, drafts []draft.Draft) ([]draft.Draft, error) {
	if !slices.ContainsFunc(drafts, needsPlus) {
		return drafts, nil
	}
	s, err := management.Open(p.cfg, p.env)
	if err == nil {
		_, err = s.ListFiles(ctx)
	}
	if err != nil && !errors.Is(err, management.ErrNoServer) && !fault.HasCode(err, "management-unreachable") &&
		!fault.HasCode(err, "management-key-missing") {
		return nil, err
	}
	var kept []draft.Draft
	var refusal error
	var names []string
	for _, d := range drafts {
		switch {
		case !needsPlus(d):
		case err == nil && s.Seven && !p.Force:
			names = append(names, Origin(&d))
			refusal = fault.New("provider-unsupported",
				"CLIProxyAPI at %s (version %s) does not load credentials of %s; nothing was written", s.Base, s.Version,
				d.Provider.Name).
				WithHint("CLIProxyAPIPlus does; -force writes it anyway")
			continue
		default:
			d.Warn("plus-only", "only the Plus family of CLIProxyAPI loads credentials of %s", d.Provider.Name)
		}
		kept = append(kept, d)
	}
	if refusal != nil && (!p.Lenient || len(kept) == 0) {
		return nil, refusal
	}
	if refusal != nil {
		kept[0].Warn("source-left-out", "%s: this server does not load credentials of that kind; -force writes them anyway",
			draft.SomeNames(names))
	}
	return kept, nil
}

// needsPlus reports whether only the Plus family of CLIProxyAPI loads the credential.
func needsPlus(d draft.Draft) bool { return d.APIKey == "" && d.Provider.Settings.PlusOnly }
