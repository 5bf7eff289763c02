package auth

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// accepted is a grant that a person said may be shared. When the token is
// renewed it is another grant, shared with nobody.
type accepted struct {
	Salt  []byte `json:"salt"`
	Grant string `json:"grant"` // salted hash
}

// mostAccepted bounds the file; the oldest are forgotten.
const mostAccepted = 200

func acceptedFile(cfg *config.Config) string {
	return filepath.Join(cfg.Paths.RuntimeDir, "auth-shared.json")
}

func readAccepted(cfg *config.Config) []accepted {
	var all []accepted
	if data, err := safefile.Read(acceptedFile(cfg), safefile.DocumentLimit); err == nil {
		_ = json.Unmarshal(data, &all) // a damaged file counts as none: the person is asked again
	}
	return all
}

// remember keeps in mind that these grants may be shared.
func remember(cfg *config.Config, grants ...string) error {
	all := readAccepted(cfg)
	for _, grant := range grants {
		if !isAccepted(all, grant) {
			salt := newSalt()
			all = append(all, accepted{salt, hashed(salt, grant)})
		}
	}
	data, err := json.Marshal(all[max(0, len(all)-mostAccepted):])
	if err != nil {
		return fmt.Errorf("encode what is accepted: %w", err)
	}
	return writeFile(acceptedFile(cfg), data)
}

func isAccepted(all []accepted, grant string) bool {
	return slices.ContainsFunc(all, func(a accepted) bool { return hmac.Equal([]byte(a.Grant), []byte(hashed(a.Salt, grant))) })
}

// Admit refuses to start a CLIProxyAPI that would renew a grant that another
// tool holds too and so sign that out, unless share accepts it now or an import
// did. It looks at single-use grants only, and a folder that cannot be read is no
// reason: the server will say so. Fault: grant-shared.
func Admit(ctx context.Context, cfg *config.Config, env Environment, share bool) error {
	if svc, ok := cfg.Service(config.CLIProxy); !ok || svc.Runtime == config.RuntimeEcho {
		return nil // nobody renews anything
	}
	accounts, err := Accounts(ctx, cfg, env)
	if err != nil {
		return nil //nolint:nilerr // doctor and auth:status say what is wrong with the folder
	}
	accounts = lo.Filter(accounts, func(a Account, _ int) bool { return !a.Disabled })
	shared, err := SharedGrants(ctx, cfg, env, accounts)
	if err != nil {
		return nil //nolint:nilerr // as above
	}
	known := readAccepted(cfg)
	shared = lo.Filter(shared, func(s SharedGrant, _ int) bool {
		live := lo.Filter(s.Holders, func(h Holder, _ int) bool { return h.Keeper != keeperTrash })
		return s.SingleUse && len(live) > 1 && live[0].Keeper == keeperServer && !isAccepted(known, live[0].grant)
	})
	if len(shared) == 0 {
		return nil
	}
	if share {
		return remember(cfg, lo.Map(shared, func(s SharedGrant, _ int) string { return s.Holders[0].grant })...)
	}
	first := shared[0]
	places := lo.Map(first.Holders, func(h Holder, _ int) string { return h.File + " (account " + h.Account + ")" })
	return fault.New("grant-shared", "%s hold one grant of %s; once the server renews it, the others are signed out", strings.Join(places, " and "), first.Provider).
		WithHint("mage auth:login %s makes one of its own, mage auth:import %s -take moves it, mage start -share accepts it", first.Provider, first.Provider).
		WithDetail(first)
}
