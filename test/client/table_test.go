package client_test

import (
	"slices"
	"testing"
)

// row is one conversation. on lists the kinds of servers that it is held with;
// empty means all.
type row struct {
	name string
	on   []kind
	run  func(*testing.T, target)
}

var routers = []kind{embedded, litellm}

// table is every conversation.
var table = []row{
	{"chat", nil, chat},
	{"chat streamed", nil, chatStreamed},
	{"chat tools", nil, chatTools},
	{"chat tools streamed", nil, chatToolsStreamed},
	{"chat of 300 kB", nil, chatLong},
	{"chat stream that breaks", nil, chatBroken},
	{"completion", nil, completion},
	{"embeddings", nil, embeddings},
	// LiteLLM refuses dimensions unless the model is called text-embedding-3
	{"embeddings of a chosen length", []kind{direct, embedded}, embeddingsOfALength},
	{"models", nil, models},
	{"responses", nil, response},
	{"responses streamed", nil, responseStreamed},
	{"responses tools", nil, responseTools},
	{"messages to an openai deployment", nil, messagesAt("router-default")},
	{"messages to an anthropic deployment", nil, messagesAt("router-claude")},
	{"messages streamed from an openai deployment", nil, messagesStreamedAt("router-default")},
	{"messages streamed from an anthropic deployment", nil, messagesStreamedAt("router-claude")},
	{"messages tools at an openai deployment", nil, messagesToolsAt("router-default")},
	{"messages tools at an anthropic deployment", nil, messagesToolsAt("router-claude")},
	{"messages tools streamed", nil, messagesToolsStreamed},
	{"messages stream that breaks", nil, messagesBroken},
	{"count tokens", nil, countTokens},
	{"wrong key", routers, wrongKey}, // openai-go cannot read CLIProxyAPI's 401, which the echo gives
	{"no key", routers, noKey},
	{"unknown model", routers, unknownModel},
	{"error after retries", nil, errorAfterRetries},
	{"error after retries on messages", nil, messagesErrorAfterRetries},
	{"retries hide a failure", routers, retriesHide},
	{"retries hide a failure on messages", routers, messagesRetriesHide},
	{"fallback", routers, fallback},
}

// converse runs the rows that are for a target, all at the same time.
func converse(t *testing.T, tg target) {
	for _, r := range table {
		if len(r.on) > 0 && !slices.Contains(r.on, tg.kind) {
			continue
		}
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			r.run(t, tg)
		})
	}
}

func TestOfficialClientsTalkToTheEchoUpstream(t *testing.T) {
	t.Parallel()
	converse(t, newDirect(t))
}

func TestOfficialClientsTalkToTheEmbeddedRouter(t *testing.T) {
	t.Parallel()
	converse(t, newEmbedded(t))
}
