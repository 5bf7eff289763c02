package runtimestore

import (
	"path/filepath"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/store"
)

// storeCandidate returns the place of a program in a runtime's active install. Its check
// accepts only what this user's FlowGate installed, because a checkout or an archive may
// contain a store.
func storeCandidate(cfg *config.Config, name, bin string) candidate {
	path := filepath.Join(cfg.Paths.Root(), "store", name, "current", bin)
	return candidate{path: path, label: path, check: func() error { return store.CheckProgram(cfg, name, bin) }}
}

// storeVersion returns the version from the name of the folder <version>-<digest> that the
// store's "current" link leads to; "" for a binary that is not below that link.
func storeVersion(bin string) string {
	if filepath.Base(filepath.Dir(bin)) != "current" {
		return ""
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(bin))
	if err != nil {
		return ""
	}
	name := filepath.Base(folder)
	if dash := strings.LastIndexByte(name, '-'); dash > 0 {
		return name[:dash]
	}
	return ""
}
