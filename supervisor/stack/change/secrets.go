package change

import (
	"slices"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/auth/inventory"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// KnownSecrets returns the secrets that no generation may hold at any place in a text.
// It leaves out secrets that are ordinary words, as a header's value may be: elsewhere
// such a word could be part of a name.
func KnownSecrets(cfg *config.Config, getenv func(string) string) []string {
	others := slices.DeleteFunc(inventory.Secrets(cfg, getenv), func(v string) bool { return !redact.LooksRandom(v) })
	return lo.Uniq(append(policy.KnownSecrets(cfg, getenv), others...))
}
