package prepare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/google/renameio/v2"
)

// popcount is __popcountdi2, which returns how many bits of a are set, as the function of GCC's library does.
const popcount = `int __popcountdi2(unsigned long long a) {
	a -= (a >> 1) & 0x5555555555555555ULL;
	a = (a & 0x3333333333333333ULL) + ((a >> 2) & 0x3333333333333333ULL);
	a = (a + (a >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return (int)((a * 0x0101010101010101ULL) >> 56);
}
`

// raceOverlay writes an overlay for go into a folder and returns the flag of go test with it, by which programs with
// the race detector are linked in four fifths of the time; nothing where that is not known to help.
//
// The race detector of Go's distribution for Linux on amd64 (runtime/race/internal/amd64v1) calls one function of GCC's
// library, __popcountdi2. For what is undefined, go's linker looks through all references of the program, four times
// when there is something (loadlib in cmd/link/internal/ld/lib.go). The overlay adds popcount.
func raceOverlay(ctx context.Context, folder string) ([]string, error) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return nil, nil
	}
	goroot, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w", err)
	}
	source, file := filepath.Join(folder, "popcount.c"), filepath.Join(folder, "race.json")
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{
		filepath.Join(strings.TrimSpace(string(goroot)), "src", "runtime", "race", "popcount.c"): source,
	}})
	if err != nil {
		return nil, err
	}
	return []string{"-overlay=" + file}, errors.Join(
		renameio.WriteFile(source, []byte(popcount), 0o600), renameio.WriteFile(file, overlay, 0o600))
}
