package tasks

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/google/renameio/v2"
)

// raceOverlay writes an overlay for go into a folder and returns the flag of go test with it, by which programs with the
// race detector are linked in four fifths of the time; nothing where that is not known to help.
//
// The race detector of Go's distribution for Linux on amd64 (runtime/race/internal/amd64v1) calls one function of GCC's
// library, __popcountdi2. For what is undefined, go's linker looks through all references of the program, four times
// when there is something (loadlib in cmd/link/internal/ld/lib.go). With the overlay, package runtime/race has that
// function in C.
func raceOverlay(ctx context.Context, folder string) ([]string, error) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return nil, nil
	}
	goroot, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w", err)
	}
	source, err := filepath.Abs("tasks/testdata/race/popcount.c")
	if err != nil {
		return nil, err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{
		filepath.Join(strings.TrimSpace(string(goroot)), "src", "runtime", "race", "popcount.c"): source,
	}})
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(overlay) // clones have files of their own
	file := filepath.Join(folder, hex.EncodeToString(sum[:])+".json")
	return []string{"-overlay=" + file}, renameio.WriteFile(file, overlay, 0o600)
}
