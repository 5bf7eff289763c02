package scan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/secret/rule"
	"github.com/flowgate-go/flowgate/internal/secret/scan"
)

// scanner has gitleaks' rules alone, so that findings can be compared one by one.
func scanner(tb testing.TB) *scan.Scanner {
	tb.Helper()
	set, err := rule.Default()
	if err != nil {
		tb.Fatal(err)
	}
	set.Rules = slices.DeleteFunc(set.Rules, func(r rule.Rule) bool {
		return !strings.Contains(rule.Gitleaks,
			`id = "`+r.ID+`"`)
	})
	s, err := scan.New(set)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}
