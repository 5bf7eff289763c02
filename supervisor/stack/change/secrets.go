package change

import (
	"slices"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/auth/inventory"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// KnownSecrets are the secrets that no generation may hold, wherever they stand in a
// text. A secret that is an ordinary word, as a header's value may be, is left
// to its place: it could be a part of a name elsewhere.
func KnownSecrets(cfg *config.Config, getenv func(string) string) []string {
	others := slices.DeleteFunc(inventory.Secrets(cfg, getenv), func(v string) bool { return !redact.LooksRandom(v) })
	return lo.Uniq(append(policy.KnownSecrets(cfg, getenv), others...))
}
