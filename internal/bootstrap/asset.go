package bootstrap

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// findArchive returns the release's archive for a platform. CLIProxyAPI and CLIProxyAPIPlus
// name processors differently: amd64 or x86_64, arm64 or aarch64. Fault: asset-missing.
func (r githubRelease) findArchive(system, processor string, musl bool) (githubAsset, error) {
	spellings := map[string][]string{"amd64": {"amd64", "x86_64"}, "arm64": {"arm64", "aarch64"}}[processor]
	suffixes := []string{".tar.gz", "_no-plugin.tar.gz"}
	if musl { // the usual Linux build needs glibc
		suffixes = []string{"_no-plugin.tar.gz"}
	}
	for _, suffix := range suffixes {
		for _, a := range r.Assets {
			for _, arch := range spellings {
				if strings.HasSuffix(strings.ToLower(a.Name), "_"+system+"_"+arch+suffix) {
					return a, nil
				}
			}
		}
	}
	names := make([]string, 0, len(r.Assets))
	for _, a := range r.Assets {
		names = append(names, a.Name)
	}
	return githubAsset{}, fault.New("asset-missing", "release %s has no archive for %s/%s", r.Tag, system, processor).
		WithHint("it has %s; a fresh release may still be uploading", strings.Join(names, ", "))
}

// findAsset returns the asset with that name.
func (r githubRelease) findAsset(name string) (githubAsset, bool) {
	for _, a := range r.Assets {
		if strings.EqualFold(a.Name, name) {
			return a, true
		}
	}
	return githubAsset{}, false
}

// findChecksum returns the digest of a file from the text of a checksums.txt: `sha256sum`
// writes "<64 digits>  <name>", with * before a name read in binary mode.
func findChecksum(text, name string) (string, bool) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) != 2 || strings.TrimPrefix(fields[1], "*") != name {
			continue
		}
		sum := strings.ToLower(fields[0])
		if len(sum) == 64 && strings.Trim(sum, "0123456789abcdef") == "" {
			return sum, true
		}
	}
	return "", false
}

// usesMusl reports whether this machine runs a Linux without glibc, such as Alpine.
func usesMusl() bool {
	loaders, _ := filepath.Glob("/lib/ld-musl-*")
	if runtime.GOOS != "linux" || len(loaders) == 0 {
		return false
	}
	_, err := os.Stat("/etc/ld.so.cache") // glibc's own
	return err != nil
}
