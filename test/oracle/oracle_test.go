package oracle_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// billing is the block that Claude Code 2.1 puts first.
const billing = `{"type":"text","text":"x-anthropic-billing-header: cc_version=2.1.197.abc; cc_entrypoint=cli; cch=12345;"},`

// prompt is a request of Claude Code before 2.1: cache marks of both lengths in
// the system prompt, the tools and the messages, and characters that a program
// which decodes and encodes JSON would write differently.
const prompt = `{"model":"MODEL","max_tokens":64,"system":[` +
	`{"type":"text","text":"You are Claude Code, Anthropic's official CLI for Claude.","cache_control":{"type":"ephemeral","ttl":"1h"}},` +
	`{"type":"text","text":"Be terse. \u003cenv\u003e caf\u00e9 café \"q\" \/ </env>\nline","cache_control":{"type":"ephemeral"}}],` +
	`"tools":[{"name":"Bash","description":"Run & wait","input_schema":{"type":"object","properties":{"command":{"type":"string"}}}},` +
	`{"name":"Read","description":"Read","input_schema":{"type":"object","properties":{}},"cache_control":{"type":"ephemeral","ttl":"1h"}}],` +
	`"messages":[{"role":"user","content":[{"type":"text","text":"<system-reminder>r</system-reminder>"},{"type":"text","text":"hi","cache_control":{"type":"ephemeral"}}]}],` +
	`"metadata":{"user_id":"user_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef_account__session_e96634a3-fa28-4083-b354-55542e2dca01"}}`

// claudeCode are the headers of Claude Code 2.1.197.
var claudeCode = map[string]string{
	"User-Agent": "claude-cli/2.1.197 (external, cli)", "X-App": "cli", "Anthropic-Version": "2023-06-01",
	"Anthropic-Beta": "claude-code-20250219,interleaved-thinking-2025-05-14",
	"Anthropic-Dangerous-Direct-Browser-Access": "true",
	"X-Claude-Code-Session-Id":                  "e96634a3-fa28-4083-b354-55542e2dca01", "X-Stainless-Lang": "js",
	"X-Stainless-Package-Version": "0.74.0",
}

// fill returns a prompt with the model's name in the place of MODEL.
func fill(model, prompt string) string { return strings.Replace(prompt, "MODEL", model, 1) }

// part is one member of a request's body, byte for byte.
func part(t *testing.T, body []byte, name string) []byte {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return members[name]
}

func unchanged(string, text string) string { return text }

func TestClaudeCodesPromptArrivesByteForByteStraightAndThroughTheRouter(t *testing.T) {
	t.Parallel()
	s := start(t, unchanged)
	upstreamKey, gatewayKey := strings.TrimSpace(s.read(".router/secrets/upstream.key")),
		strings.TrimSpace(s.read(".router/secrets/gateway.key"))
	for _, prompt := range []string{prompt, strings.Replace(prompt, `"system":[`, `"system":[`+billing, 1)} {
		for _, way := range []struct{ name, base, key, model string }{
			{"straight", s.direct, upstreamKey, "claude-sonnet-4-5"},
			{"through the router", s.router, gatewayKey, "router-default"},
		} {
			s.post(way.base, way.key, fill(way.model, prompt), claudeCode)
			got, _ := s.last()
			for _, name := range []string{"system", "tools", "messages", "metadata"} {
				if want := part(t, []byte(prompt), name); !bytes.Equal(part(t, got.body, name), want) {
					t.Errorf("%s: %s is\n%s\nand was\n%s", way.name, name, part(t, got.body, name), want)
				}
			}
			for _, name := range []string{"User-Agent", "X-App", "X-Claude-Code-Session-Id", "X-Stainless-Package-Version"} {
				if got.header.Get(name) != claudeCode[name] {
					t.Errorf("%s: %s is %q", way.name, name, got.header.Get(name))
				}
			}
			for name, values := range got.header {
				if text := strings.Join(values, " "); strings.Contains(text, upstreamKey) || strings.Contains(text, gatewayKey) {
					t.Errorf("%s: a key of the stack reached the provider in %s", way.name, name)
				}
			}
		}
	}
}

// Without this, the test above would say nothing: the server must be one that
// rewrites what it does not recognise.
func TestAPromptOfAnUnknownClientIsRewritten(t *testing.T) {
	t.Parallel()
	s := start(t, func(path, text string) string {
		if path == "config/flowgate.yaml" { // as the router was before it passed the clients' headers on
			return strings.Replace(text, "general_settings:\n", "general_settings:\n    flowgate_cliproxyapi_addresses: []\n", 1)
		}
		return text
	})
	curl := map[string]string{"User-Agent": "curl/8.5.0"}
	s.post(s.direct, strings.TrimSpace(s.read(".router/secrets/upstream.key")), fill("claude-sonnet-4-5", prompt), curl)
	straight, before := s.last()
	s.post(s.router, strings.TrimSpace(s.read(".router/secrets/gateway.key")), fill("router-default", prompt), claudeCode)
	routed, after := s.last()
	if want := part(t, []byte(prompt), "system"); bytes.Equal(part(t, straight.body, "system"), want) ||
		bytes.Equal(part(t, routed.body, "system"), want) || after == before {
		t.Errorf("not rewritten:\n%s\n%s", straight.body, routed.body)
	}
}

func TestTheProvidersHeadersReachTheClientWithPassthroughHeaders(t *testing.T) {
	t.Parallel()
	for on, change := range map[bool]func(string, string) string{true: unchanged, false: func(_, text string) string {
		return strings.Replace(text, "passthrough-headers: true", "passthrough-headers: false", 1)
	}} {
		s := start(t, change)
		got := s.post(s.router, strings.TrimSpace(s.read(".router/secrets/gateway.key")), fill("router-default", prompt),
			claudeCode)
		for name, value := range limits {
			if has := got.Get(name); (has == value) != on {
				t.Errorf("passthrough-headers %v: %s is %q", on, name, has)
			}
		}
	}
}
