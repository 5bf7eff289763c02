package auth

import (
	"context"
	"errors"
	"slices"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// supported refuses what the running server would ignore. Without one the
// draft gets a warning.
func (d desk) supported(ctx context.Context, drafts []draft) error {
	if !slices.ContainsFunc(drafts, func(one draft) bool { return one.key == "" && one.provider.Settings.PlusOnly }) {
		return nil
	}
	s, err := openServer(d.cfg, d.env)
	if err == nil {
		_, err = s.list(ctx)
	}
	if err != nil && !errors.Is(err, errNoServer) && !isCode(err, "management-unreachable") && !isCode(err, "management-key-missing") {
		return err
	}
	for i := range drafts {
		one := &drafts[i]
		switch {
		case one.key != "" || !one.provider.Settings.PlusOnly:
		case err == nil && s.Seven && !d.force:
			return fault.New("provider-unsupported", "CLIProxyAPI at %s (version %s) does not load credentials of %s; nothing was written", s.Base, s.Version, one.provider.Name).
				WithHint("CLIProxyAPIPlus does; -force writes it all the same")
		default:
			one.warn("plus-only", "only the Plus family of CLIProxyAPI loads credentials of %s", one.provider.Name)
		}
	}
	return nil
}
