package bootstrap

import (
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/store"
)

// Listing is the data of bootstrap:list, and of bootstrap:gc, where it has the removed versions.
type Listing struct {
	Runtimes []store.Install `json:"runtimes"`
}

// List returns the installed versions of all runtimes, with the embedded router first.
func List(cfg *config.Config, self, version string) (Listing, error) {
	installed, err := store.Installed(cfg)
	return Listing{append(Embedded(self, version).Runtimes, installed...)}, err
}

// Embedded returns the embedded router, which is part of this program.
func Embedded(self, version string) Listing {
	return Listing{
		[]store.Install{{Name: config.RuntimeEmbedded, Version: version, Source: "this program", Path: self, Active: true}},
	}
}

// RemoveUnused removes the versions that are not active, not pinned and for which keep
// returns false, and returns them. With dryRun it removes nothing.
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
