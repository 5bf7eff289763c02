//go:build race

package prepare

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestTheRaceDetectorOfThisRunFindsARace executes this test program once more. The target test links it with the
// overlay, as all that it links.
func TestTheRaceDetectorOfThisRunFindsARace(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"ordered", "racing"} {
		again := exec.Command(os.Args[0], "-test.run=^TestIncrement$")
		again.Env = append(os.Environ(), incrementVariable+"="+mode)
		out, err := again.CombinedOutput()
		if found := err != nil && strings.Contains(string(out), "DATA RACE"); found != (mode == "racing") {
			t.Errorf("%s: %v\n%s", mode, err, out)
		}
	}
}

// incrementVariable has TestIncrement increment a number in two goroutines: in order, or at the same time.
const incrementVariable = "FLOWGATE_TEST_INCREMENT"

func TestIncrement(t *testing.T) {
	mode := os.Getenv(incrementVariable)
	n, done := 0, make(chan bool)
	go func() { n++; done <- true }()
	if mode == "racing" {
		n++
		<-done
		return
	}
	<-done
	n++
	if n != 2 {
		t.Error(n)
	}
}
