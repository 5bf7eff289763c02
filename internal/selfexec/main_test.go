package selfexec_test

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/flowgate-go/flowgate/internal/selfexec"
)

// TestMain lets the test binary act as a program that is replaced while it
// runs and executes itself once more.
func TestMain(m *testing.M) {
	if os.Getenv("PROCESS_TEST_SECOND") != "" {
		fmt.Println("second life")
		os.Exit(0)
	}
	if path := os.Getenv("PROCESS_TEST_REPLACE"); path != "" {
		os.Exit(replaceAndRun(path))
	}
	os.Exit(m.Run())
}

func replaceAndRun(path string) int {
	if runtime.GOOS == "linux" { // elsewhere the file must stay
		if err := os.Remove(path); err != nil {
			return 3
		}
		if err := os.WriteFile(path, []byte("#!/bin/sh\necho impostor\n"), 0o700); err != nil {
			return 4
		}
	}
	cmd := exec.Command(selfexec.Path())
	cmd.Env = append(os.Environ(), "PROCESS_TEST_SECOND=1")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return 5
	}
	return 0
}
