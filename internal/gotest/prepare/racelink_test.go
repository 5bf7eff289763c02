package prepare

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestTheOverlayIsTheSameForAllClones(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	overlay, err := raceOverlay(t.Context(), folder)
	if err != nil || (len(overlay) == 1) != (runtime.GOOS == "linux" && runtime.GOARCH == "amd64") {
		t.Fatalf("%q, %v", overlay, err)
	}
	if again, err := raceOverlay(t.Context(), folder); err != nil || !slices.Equal(again, overlay) {
		t.Errorf("%q after %q, %v", again, overlay, err)
	}
	if len(overlay) == 0 {
		return
	}
	file, _ := strings.CutPrefix(overlay[0], "-overlay=")
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var content struct{ Replace map[string]string }
	if err := json.Unmarshal(raw, &content); err != nil || len(content.Replace) != 1 {
		t.Fatalf("%s, %v", raw, err)
	}
	for path, with := range content.Replace {
		source, err := os.ReadFile(with)
		if err != nil || string(source) != popcount {
			t.Errorf("%s, %v", source, err)
		}
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			t.Errorf("Go has no package runtime/race: %v", err)
		}
	}
}

func TestTheFunctionOfTheOverlayCountsBits(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(`package main

/*
`+popcount+`*/
import "C"

import (
	"fmt"
	"math/bits"
)

func main() {
	for i, x := 0, uint64(0); i < 1000; i, x = i+1, x*6364136223846793005+1442695040888963407 {
		for _, v := range []uint64{x, ^x, x >> (i % 64)} {
			if got := int(C.__popcountdi2(C.ulonglong(v))); got != bits.OnesCount64(v) {
				fmt.Println(v, got)
			}
		}
	}
}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "run", file).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}
