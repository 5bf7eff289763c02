package smoke

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// Leak names the files that hold a secret's value.
type Leak struct {
	Files []string `json:"files"`
}

// Reason implements report.Reasoned.
func (l Leak) Reason() string {
	return "a key stands in clear text in " + strings.Join(l.Files, ", ")
}

// logsCheck returns the check that no log holds a secret of the stack: events, the
// services' own output and the supervisor's.
func (s *stack) logsCheck(after []string) checks.Check {
	return checks.Check{
		ID:     "logs.clean",
		Title:  "No log holds a secret",
		Family: "smoke",
		After:  after,
		Run: func(context.Context) checks.Outcome {
			var found Leak
			read := 0
			isWord := func(secret string) bool { return !redact.LooksRandom(secret) } // such as the value of a header
			secrets := append(policy.KnownSecrets(s.cfg, s.getenv), slices.DeleteFunc(slices.Clone(s.secrets), isWord)...)
			err := filepath.WalkDir(s.cfg.Paths.RuntimeDir, func(path string, d fs.DirEntry, err error) error {
				if err != nil || !d.Type().IsRegular() || filepath.Ext(path) != ".log" {
					return err
				}
				read++
				leaks, err := containsAny(path, secrets)
				if leaks {
					found.Files = append(found.Files, path)
				}
				return err
			})
			switch {
			case err != nil:
				return checks.Failed("the logs cannot be read: %v", err)
			case len(found.Files) > 0:
				return checks.Outcome{
					Status: "fail",
					Detail: found,
				}.WithFix(
					"mage init -force",
					"the key has leaked: make a new one",
				)
			case read == 0:
				return checks.Skipped("there is no log under %s", s.cfg.Paths.RuntimeDir)
			}
			return checks.Passed(checks.Note{Text: fmt.Sprintf("%d files read", read)})
		},
	}
}

// containsAny reports whether the file holds one of the secrets.
func containsAny(path string, secrets []string) (bool, error) {
	b, err := safefile.Read(path, safefile.BulkLimit)
	if err != nil {
		return false, err
	}
	for _, secret := range secrets {
		if secret != "" && bytes.Contains(b, []byte(secret)) {
			return true, nil
		}
	}
	return false, nil
}
