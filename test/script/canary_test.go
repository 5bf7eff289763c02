package script_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/checks/canary"
	"github.com/flowgate-go/flowgate/internal/report"
)

// trial runs security:canary on a program and returns its checks as text.
func trial(t *testing.T, program string) map[string]string {
	t.Helper()
	checked, err := canary.Run(t.Context(), canary.Options{Self: program, Environ: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, c := range checked.Checks {
		detail, err := json.Marshal(c.Detail)
		if err != nil {
			t.Fatal(err)
		}
		all[c.ID] = string(c.Status) + " " + string(detail)
	}
	return all
}

func TestNoSecretLeavesAnInstallation(t *testing.T) {
	t.Parallel()
	for id, result := range trial(t, binary) {
		if !strings.HasPrefix(result, string(report.Pass)) {
			t.Errorf("%s: %s", id, result)
		}
	}
}

// TestTheCanaryFindsALeak gives it a program that prints a key as base64 and
// logs a token in hex.
func TestTheCanaryFindsALeak(t *testing.T) {
	t.Parallel()
	leaky := filepath.Join(t.TempDir(), "leaky")
	script := fmt.Sprintf(`#!/bin/sh
%q "$@"
status=$?
case "$1" in
version) { printf xy; cat .router/secrets/gateway.key; } | base64 ;;
logs) { printf 'a log: '; od -An -tx1 < .router/secrets/upstream.key | tr -d ' \n'; } > .router/runtime/process-logs/leak.log ;;
esac
exit $status
`, binary)
	if err := os.WriteFile(leaky, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	all := trial(t, leaky)
	for id, want := range map[string]string{
		"canary.output": `"secret":"gateway key","place":"stdout of version","as":"in base64 (2)"`,
		"canary.files":  `"secret":"upstream key","place":".router/runtime/process-logs/leak.log","as":"in hex"`,
	} {
		if !strings.HasPrefix(all[id], string(report.Fail)) || !strings.Contains(all[id], want) {
			t.Errorf("%s: %s", id, all[id])
		}
		if strings.Contains(all[id], "sk-") {
			t.Errorf("%s prints a secret", id)
		}
	}
}
