package claudecoderouter_test

import (
	"bytes"
	"os"
	"testing"
)

func TestTheLockFileNamesNoRegistryAndHasAChecksum(t *testing.T) {
	t.Parallel()
	lock, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(lock, []byte("://")) || bytes.Contains(lock, []byte(`"resolved"`)) {
		t.Error("package-lock.json names a registry: keep omit-lockfile-registry-resolved=true in .npmrc")
	}
	if !bytes.Contains(lock, []byte(`"integrity": "sha512-`)) {
		t.Error("package-lock.json has no checksum of the package")
	}
}
