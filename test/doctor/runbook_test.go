package doctor_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor"
)

// TestTheRunbookIsWhatTheChecksSay compares docs/runbook.md with the checks'
// own texts and with what the tests here break.
func TestTheRunbookIsWhatTheChecksSay(t *testing.T) {
	t.Parallel()
	file := filepath.Join(root, "docs", "runbook.md")
	if *update {
		if err := os.WriteFile(file, []byte(runbook()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil || string(text) != runbook() {
		t.Fatalf("docs/runbook.md is not what the checks say (%v): go test -C=test ./doctor -run Runbook -update", err)
	}
}

func runbook() string {
	var b strings.Builder
	b.WriteString("# Runbook\n\nWritten by `go test -C=test ./doctor -run Runbook -update` from the texts of the checks; " +
		"`mage doctor:explain ID` prints one.\n\n" +
		"`mage doctor` runs all of it, `-only` and `-skip` take globs (`-only='ports.*,services.*'`), `-fix` fixes what is " +
		"safe to fix,\n" +
		"`-strict` lets warnings fail, `-online` tries upstreams on the network.\n\n" +
		"## What breaks, and which check finds it\n\nEach row is a test in `test/doctor`: the thing is broken in a real " +
		"installation, exactly that check complains, its fix is\ncarried out, and it passes.\n\n" +
		"| broken | check | fixed by |\n|---|---|---|\n")
	for _, row := range breakages() {
		by := "hand, as the fix says"
		switch {
		case isMended(row.check):
			by = "`mage doctor -fix`"
		case row.command:
			by = "the command in `fix`"
		}
		fmt.Fprintf(&b, "| %s | [%s](#%s) | %s |\n", row.how, row.check, strings.ReplaceAll(row.check, ".", ""), by)
	}
	b.WriteString("\n## The checks\n")
	for _, e := range doctor.ExplainAll().Checks {
		fmt.Fprintf(&b, "\n### %s\n\n**%s.** %s\n", e.ID, e.Title, e.About)
	}
	return b.String()
}

func isMended(id string) bool {
	e, ok := lo.Find(doctor.ExplainAll().Checks, func(e checks.Explanation) bool { return e.ID == id })
	return ok && e.Mends
}
