// Package schema holds flowgate.yaml as it is written: a document type for each version,
// and the JSON Schema that is made from them. Call DecodeDocument to fill a
// document from a parsed file.
//
// It checks types and limits only; package config resolves what the keys mean.
package schema

import (
	_ "embed" // the schema
	"slices"
)

//go:embed flowgate.schema.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of flowgate.yaml in the
// current version. Editors use it for completion. It is generated from the
// document types during development, so that no command needs the generator:
// `go test ./internal/config/schema -update` writes it again.
func Schema() []byte { return slices.Clone(schema) }
