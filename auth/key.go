package auth

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/keyfile"
)

// keyPath is where the API key of a provider is kept.
func keyPath(cfg *config.Config, provider string) string {
	return filepath.Join(cfg.Paths.Secrets(), "provider-"+provider+".key")
}

// keys are the API keys that FlowGate keeps, of whatever provider.
func keys(cfg *config.Config, providers []Provider, now time.Time) []Account {
	var found []Account
	for _, p := range providers {
		path := keyPath(cfg, p.Name)
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		a := Account{Provider: p.Name, Method: "api_key", Account: "provider-" + p.Name, File: path, ObservedAt: now.UTC(), Problems: []Problem{}}
		if err == nil {
			a.Mode = fmt.Sprintf("%#04o", info.Mode().Perm())
			var open bool
			if _, open, err = keyfile.Read(path); open {
				a.problem(ProblemMode, "others than the owner may read or change it; chmod 600 "+path)
			}
		}
		a.State, a.Evidence = Lasting, "an API key has no end of its own"
		if err != nil {
			a.State, a.Evidence = Unknown, "the key could not be read"
			a.problem(ProblemUnreadable, reason(err))
		}
		found = append(found, a)
	}
	return found
}
