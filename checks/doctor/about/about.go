// Package about holds the explanations of doctor's checks, a paragraph each in the
// file ID.md: what the check looks at, why that matters and how to fix what it
// finds. doctor.Explain reads them. docs/runbook.md is made from them.
package about

import "embed"

// Files has ID.md for every check.
//
//go:embed *.md
var Files embed.FS
