package prepare

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

// TestProgramsWithTheRaceDetectorAreLinkedWithTheOverlay runs two programs, one of which has a race.
func TestProgramsWithTheRaceDetectorAreLinkedWithTheOverlay(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	overlay, err := raceOverlay(t.Context(), folder)
	if err != nil || (len(overlay) == 1) != (runtime.GOOS == "linux" && runtime.GOARCH == "amd64") {
		t.Fatalf("%q, %v", overlay, err)
	}
	if again, err := raceOverlay(t.Context(), folder); err != nil || !slices.Equal(again, overlay) {
		t.Errorf("%q after %q, %v", again, overlay, err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module m\n\ngo 1.26\n",
		"main.go": `package main

import "os"

func main() {
	n, done := 0, make(chan bool)
	go func() { n++; done <- true }()
	if len(os.Args) > 1 {
		n++
	}
	<-done
}
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.Command("go", slices.Concat([]string{"build", "-race", "-o=m"}, overlay)...)
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := exec.Command(filepath.Join(dir, "m")).CombinedOutput(); err != nil {
		t.Errorf("without a race: %v\n%s", err, out)
	}
	if out, err := exec.Command(filepath.Join(dir, "m"), "race").CombinedOutput(); err == nil {
		t.Errorf("a race was not found\n%s", out)
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
