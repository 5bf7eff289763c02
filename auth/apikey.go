package auth

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/flowgate-go/flowgate/auth/provider"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/keyfile"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// APIKeyFile returns the file that FlowGate keeps the API key of a provider in.
func APIKeyFile(cfg *config.Config, name string) string {
	return filepath.Join(cfg.Paths.Secrets(), "provider-"+name+".key")
}

// APIKeys returns the API keys that FlowGate keeps, one account for each provider.
func APIKeys(cfg *config.Config, providers []provider.Provider, now time.Time) []Account {
	var found []Account
	for _, p := range providers {
		path := APIKeyFile(cfg, p.Name)
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		a := Account{Provider: p.Name, Method: "api_key", Account: "provider-" + p.Name, File: path, ObservedAt: now.UTC(),
			Problems: []Problem{}}
		if err == nil {
			a.Mode = fmt.Sprintf("%#04o", info.Mode().Perm())
			var open bool
			if _, open, err = keyfile.Read(path); open {
				a.addProblem(ProblemMode, "other users may read or change it; chmod 600 "+path)
			}
		}
		a.State, a.Evidence = Lasting, "an API key does not expire"
		if err != nil {
			a.State, a.Evidence = Unknown, "the key could not be read"
			a.addProblem(ProblemUnreadable, safefile.Reason(err))
		}
		found = append(found, a)
	}
	return found
}
