package runtimestore

import (
	"path/filepath"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/store"
)

// storeCandidate returns where an installed runtime's active version lies. Only what this
// user's FlowGate installed there is executed: a checkout or an archive may hold a store.
func storeCandidate(cfg *config.Config, name, bin string) candidate {
	path := filepath.Join(cfg.Paths.Root(), "store", name, "current", bin)
	return candidate{path: path, label: path, check: func() error { return store.CheckProgram(cfg, name, bin) }}
}

// storeVersion reads the version from the name of the folder <version>-<digest> that the
// store's "current" link leads to; "" for a binary from elsewhere.
func storeVersion(bin string) string {
	if filepath.Base(filepath.Dir(bin)) != "current" {
		return ""
	}
	real, err := filepath.EvalSymlinks(filepath.Dir(bin))
	if err != nil {
		return ""
	}
	name := filepath.Base(real)
	if at := strings.LastIndexByte(name, '-'); at > 0 {
		return name[:at]
	}
	return ""
}
