package grant

import (
	"context"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// CheckStart refuses the start of a CLIProxyAPI that would renew a single-use grant
// which another file holds, too, and so sign the other holder out. With share it
// records instead that the grant may be shared, as an import with -share does. A
// folder that cannot be read is not a reason to refuse. Faults: grant-shared, those of
// Accept.
func CheckStart(ctx context.Context, cfg *config.Config, env auth.Environment, share bool) error {
	if svc, ok := cfg.Service(config.CLIProxy); !ok || svc.Runtime == config.RuntimeEcho {
		return nil // the echo renews nothing
	}
	accounts, err := auth.Accounts(ctx, cfg, env)
	if err != nil {
		return nil //nolint:nilerr // doctor and auth:status say what is wrong with the folder
	}
	accounts = lo.Filter(accounts, func(a auth.Account, _ int) bool { return !a.Disabled })
	shared, err := FindShared(ctx, cfg, env, accounts)
	if err != nil {
		return nil //nolint:nilerr // as above
	}
	accepted := readAccepted(cfg)
	shared = lo.Filter(shared, func(s Shared, _ int) bool {
		live := lo.Filter(s.Holders, func(h Holder, _ int) bool { return h.Keeper != KeeperTrash })
		return s.SingleUse && len(live) > 1 && live[0].Keeper == KeeperServer && !isAccepted(accepted, live[0].token)
	})
	if len(shared) == 0 {
		return nil
	}
	if share {
		return Accept(cfg, lo.Map(shared, func(s Shared, _ int) string { return s.Holders[0].token })...)
	}
	first := shared[0]
	places := lo.Map(first.Holders, func(h Holder, _ int) string { return h.File + " (account " + h.Account + ")" })
	return fault.New("grant-shared", "%s hold the same grant of %s; when the server renews it, the others are signed out",
		strings.Join(places, " and "), first.Provider).
		WithHint("mage auth:login %s makes another grant, mage auth:import %s -take moves it, mage start -share accepts it",
			first.Provider, first.Provider).
		WithDetail(first)
}
