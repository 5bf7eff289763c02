package auth

import (
	"context"
	"errors"
	"slices"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// supported refuses what the running server would ignore; of a folder or an
// export it is left out. Without a server the draft gets a warning.
func (d desk) supported(ctx context.Context, drafts []draft) ([]draft, error) {
	if !slices.ContainsFunc(drafts, func(one draft) bool { return one.key == "" && one.provider.Settings.PlusOnly }) {
		return drafts, nil
	}
	s, err := openServer(d.cfg, d.env)
	if err == nil {
		_, err = s.list(ctx)
	}
	if err != nil && !errors.Is(err, errNoServer) && !isCode(err, "management-unreachable") && !isCode(err, "management-key-missing") {
		return nil, err
	}
	var kept []draft
	var refusal error
	var names []string
	for _, one := range drafts {
		switch {
		case one.key != "" || !one.provider.Settings.PlusOnly:
		case err == nil && s.Seven && !d.force:
			names = append(names, from(&one))
			refusal = fault.New("provider-unsupported", "CLIProxyAPI at %s (version %s) does not load credentials of %s; nothing was written", s.Base, s.Version, one.provider.Name).
				WithHint("CLIProxyAPIPlus does; -force writes it all the same")
			continue
		default:
			one.warn("plus-only", "only the Plus family of CLIProxyAPI loads credentials of %s", one.provider.Name)
		}
		kept = append(kept, one)
	}
	if refusal != nil && (!d.lenient || len(kept) == 0) {
		return nil, refusal
	}
	if refusal != nil {
		kept[0].warn("source-left-out", "%s: this server does not load credentials of that kind; -force writes them all the same", someOf(names))
	}
	return kept, nil
}
