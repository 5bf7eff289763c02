package bootstrap

import (
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/store"
)

// Listing is the data of bootstrap:list, and of bootstrap:gc what it removed.
type Listing struct {
	Runtimes []store.Install `json:"runtimes"`
}

// List returns what is installed, with the router inside this program first.
func List(cfg *config.Config, self, version string) (Listing, error) {
	installed, err := store.Installed(cfg)
	return Listing{append(Embedded(self, version).Runtimes, installed...)}, err
}

// Embedded returns the router inside this program, which is always there.
func Embedded(self, version string) Listing {
	return Listing{
		[]store.Install{{Name: config.RuntimeEmbedded, Version: version, Source: "this program", Path: self, Active: true}},
	}
}

// RemoveUnused removes the versions that are neither active, pinned nor kept by
// keep. On dryRun it only says which.
func RemoveUnused(cfg *config.Config, keep func(store.Install) bool, dryRun bool) (Listing, error) {
	removed := Listing{[]store.Install{}}
	installed, err := store.Installed(cfg)
	if err != nil {
		return removed, err
	}
	for _, in := range installed {
		if in.Active || in.Pinned || keep(in) {
			continue
		}
		if !dryRun {
			if err := store.Remove(in); err != nil {
				return removed, err
			}
		}
		removed.Runtimes = append(removed.Runtimes, in)
	}
	return removed, nil
}
