// Package about holds the explanations of security-check's checks, a paragraph each in the
// file ID.md: what the check looks at, why that matters and how to fix what it
// finds. security.Explain reads them.
package about

import "embed"

// Files has ID.md for every check.
//
//go:embed *.md
var Files embed.FS
