package config

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/program"
)

// Format is the program whose configuration a file is.
type Format string

// The formats that are recognised.
const (
	FormatFlowGate         Format = "flowgate"
	FormatLiteLLM          Format = "litellm"
	FormatClaudeCodeRouter Format = "claude-code-router"
)

// Title returns the format in words.
func (f Format) Title() string {
	switch f {
	case FormatLiteLLM:
		return "a LiteLLM configuration"
	case FormatClaudeCodeRouter:
		return "the configuration of claude-code-router"
	}
	return "a flowgate.yaml"
}

// Top-level keys by which a format is recognised: one of them is enough.
var (
	flowgateKeys = []string{"config_version", "services", "litellm_base", "profiles", "paths", "cliproxyapi_plus"}
	litellmKeys  = []string{"model_list", "litellm_settings", "router_settings", "general_settings",
		"environment_variables"}
	claudeCodeRouterKeys = []string{"Providers", "Router"}
)

// RecognizeFormat returns the format of a text by its top-level keys; a text that has no
// key of any format counts as FlowGate's.
func RecognizeFormat(data []byte) Format {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if keys := blockKeys(data); len(keys) > 0 {
		return recognizeKeys(keys)
	}
	root := yamlnode.ParseLong(yamlnode.NewDiagnosis(""), yamlnode.BlankComments(data))
	if root == nil {
		return FormatFlowGate
	}
	return recognizeRoot(root)
}

// recognizeRoot is RecognizeFormat for a text that is parsed already.
func recognizeRoot(root *yamlnode.Node) Format {
	keys := make([]string, 0, len(root.Fields))
	for _, f := range root.Fields {
		keys = append(keys, f.Key)
	}
	return recognizeKeys(keys)
}

// recognizeKeys returns the format that has such top-level keys.
func recognizeKeys(keys []string) Format {
	hasOne := func(formatKeys []string) bool {
		return slices.ContainsFunc(keys, func(key string) bool { return slices.Contains(formatKeys, key) })
	}
	switch {
	case hasOne(flowgateKeys):
		return FormatFlowGate
	case hasOne(litellmKeys):
		return FormatLiteLLM
	case hasOne(claudeCodeRouterKeys):
		return FormatClaudeCodeRouter
	}
	return FormatFlowGate
}

// blockKeys returns the keys at the beginning of lines, which are the top-level keys of a
// text in YAML's block style. It reads each line once, so that a long file need not be
// parsed to be recognised.
func blockKeys(data []byte) []string {
	var keys []string
	for line := range bytes.Lines(data) {
		if key, _, ok := bytes.Cut(line, []byte(":")); ok && isPlainKey(key) {
			keys = append(keys, string(key))
		}
	}
	return keys
}

// isPlainKey reports whether a key is one word without quotes.
func isPlainKey(key []byte) bool {
	return len(key) > 0 && !bytes.ContainsFunc(key, func(r rune) bool {
		return r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	})
}

// refuseCommented calls refuseForeign when the text is another program's JSON with comments,
// and reports whether it is.
func refuseCommented(d *yamlnode.Diagnosis, data []byte) bool {
	blanked := yamlnode.BlankComments(data)
	if bytes.Equal(blanked, data) {
		return false
	}
	root := yamlnode.Parse(yamlnode.NewDiagnosis(""), blanked)
	if root == nil || recognizeRoot(root) != FormatClaudeCodeRouter {
		return false
	}
	d.Problems = nil
	refuseForeign(d, FormatClaudeCodeRouter)
	return true
}

// refuseForeign adds the problem that a file belongs to another program, with the command
// that takes it over.
func refuseForeign(d *yamlnode.Diagnosis, format Format) {
	name := program.Quote(d.File)
	d.Code = "config-foreign"
	d.Add(yamlnode.Pos{Line: 1, Column: 1}, "", fmt.Sprintf(program.Format("mage init -from=%s takes it, "+
		"mage config:check %s says what would be served"), name, name), "this is %s, not a flowgate.yaml", format.Title())
}
