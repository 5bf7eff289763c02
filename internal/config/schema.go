package config

import (
	_ "embed" // the schema
	"slices"
)

//go:embed flowgate.schema.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of flowgate.yaml in the
// current version. Editors use it for completion. It is made from the types
// that read the file, at development time, so that no command pays for the
// generator: `go test ./internal/config -update` writes it anew.
func Schema() []byte { return slices.Clone(schema) }
