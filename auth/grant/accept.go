package grant

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/privatefile"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// acceptance is a grant that the user allowed to be shared. A renewed token is
// another grant.
type acceptance struct {
	Salt  []byte `json:"salt"`
	Grant string `json:"grant"` // salted hash
}

// maxAccepted bounds the file; the oldest entries are dropped.
const maxAccepted = 200

// acceptedFile returns the file that accepted grants are kept in.
func acceptedFile(cfg *config.Config) string {
	return filepath.Join(cfg.Paths.RuntimeDir, "auth-shared.json")
}

// readAccepted returns the recorded grants, the oldest first.
func readAccepted(cfg *config.Config) []acceptance {
	var all []acceptance
	if data, err := safefile.Read(acceptedFile(cfg), safefile.DocumentLimit); err == nil {
		_ = json.Unmarshal(data, &all) // a damaged file counts as none: the user is asked again
	}
	return all
}

// Accept records that these grants may be shared. Fault: write-failed.
func Accept(cfg *config.Config, grants ...string) error {
	all := readAccepted(cfg)
	for _, grant := range grants {
		if !isAccepted(all, grant) {
			salt := credential.NewSalt()
			all = append(all, acceptance{salt, credential.Hash(salt, grant)})
		}
	}
	data, err := json.Marshal(all[max(0, len(all)-maxAccepted):])
	if err != nil {
		return fmt.Errorf("encode the accepted grants: %w", err)
	}
	return privatefile.Write(acceptedFile(cfg), data)
}

// isAccepted reports whether one of the records is of the grant.
func isAccepted(all []acceptance, grant string) bool {
	return slices.ContainsFunc(all, func(a acceptance) bool {
		return hmac.Equal([]byte(a.Grant),
			[]byte(credential.Hash(a.Salt, grant)))
	})
}

// CheckStart refuses to start a CLIProxyAPI that would renew a single-use grant
// which another tool holds, too, and so sign that tool out; share accepts it from
// now on, as an import with -share does. A folder that cannot be read is not a
// reason to refuse. Fault: grant-shared.
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
	known := readAccepted(cfg)
	shared = lo.Filter(shared, func(s Shared, _ int) bool {
		live := lo.Filter(s.Holders, func(h Holder, _ int) bool { return h.Keeper != KeeperTrash })
		return s.SingleUse && len(live) > 1 && live[0].Keeper == KeeperServer && !isAccepted(known, live[0].token)
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
