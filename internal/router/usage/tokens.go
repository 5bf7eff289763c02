package usage

import (
	"bytes"
	"strconv"

	"github.com/flowgate-go/flowgate/internal/router/splice"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// Tokens reads the usage that a reply tells. The zero value is that of a reply which told none.
type Tokens struct {
	record.Tokens
	total int // the number that the reply calls the total
}

// Total returns the tokens of request and reply; 0 when they are not known.
func (t *Tokens) Total() int { return max(t.total, t.Tokens.Total()) }

// IsKnown reports whether a reply told its tokens.
func (t *Tokens) IsKnown() bool { return t.Total() > 0 }

// usageKey is in every document that tells its usage: as usage, or as Google's usageMetadata.
// The search is faster without the key's first quote, because events are full of quotes.
var usageKey = []byte(`usage`)

// Read reads the usage in a whole reply, or in the data of one event of a stream, in any
// dialect. Numbers of a later event replace earlier ones; only Input never becomes smaller.
func (t *Tokens) Read(data []byte) {
	if bytes.Contains(data, usageKey) {
		t.readObject(data, true)
	}
}

// IsUsageKey reports whether a member of a reply has its usage.
func IsUsageKey(key []byte) bool { return string(key) == "usage" || string(key) == "usageMetadata" }

// readObject reads the member usage of an object and, when isTop is set, of the message or
// response in it.
func (t *Tokens) readObject(object []byte, isTop bool) {
	_ = splice.Members(object, func(key []byte, start, end int) bool { // a malformed object tells no usage
		switch value := object[start:end]; {
		case IsUsageKey(key):
			t.ReadUsage(value)
		case isTop && (string(key) == "message" || string(key) == "response") && bytes.Contains(value, usageKey):
			t.readObject(value, false)
		}
		return true
	})
}

// told is the numbers of one usage object.
type told struct {
	record.Tokens
	prompt   int // tokens of the request, with the cached ones: chat, Google
	input    int // tokens of the request: with the cached ones in the Responses API, without them in messages
	cached   int // members beside input: Anthropic's
	written  int // the same
	tools    int // Google: tokens of the request beside prompt
	thoughts int // Google: not among the tokens of the reply
	total    int
	counts   int // how many members were numbers of tokens
}

// ReadUsage reads a usage object of any dialect. What is not a number of tokens counts as
// absent, and parts are never larger than what they are a part of.
func (t *Tokens) ReadUsage(object []byte) {
	var n told
	n.readMembers(object)
	if n.counts == 0 {
		return
	}
	n.prompt, n.Output = n.prompt+n.tools, n.Output+n.thoughts
	if n.Reasoning > 0 && n.total == n.prompt+n.Output+n.Reasoning { // xAI does not count it among the reply's
		n.Output += n.Reasoning
	}
	switch {
	case n.prompt > 0: // some upstreams repeat the cached tokens beside it
		n.Input, n.Cached, n.CacheWrite = n.prompt, max(n.Cached, n.cached), max(n.CacheWrite, n.written)
	case n.Cached+n.CacheWrite > 0: // the Responses API
		n.Input = n.input
	default:
		n.Input, n.Cached, n.CacheWrite = n.input+n.cached+n.written, n.cached, n.written
	}
	t.merge(&n)
}

// merge takes over the numbers of an event. Anthropic's streams have the usage twice, and
// the second one may leave out numbers of the first.
func (t *Tokens) merge(n *told) {
	if n.Input > 0 && n.Input >= t.Input {
		t.Input, t.Cached, t.CacheWrite = n.Input, max(n.Cached, t.Cached), max(n.CacheWrite, t.CacheWrite)
		t.CacheWriteHour = max(n.CacheWriteHour, t.CacheWriteHour)
	}
	t.Cached = min(t.Cached, t.Input)
	t.CacheWrite = min(t.CacheWrite, t.Input-t.Cached)
	t.CacheWriteHour = min(t.CacheWriteHour, t.CacheWrite)
	if n.Output > 0 {
		t.Output, t.Reasoning = n.Output, min(n.Reasoning, n.Output)
	}
	t.total = max(t.total, n.total)
	t.Known = true
}

// readMembers reads the members of a usage object.
func (n *told) readMembers(object []byte) {
	_ = splice.Members(object, func(key []byte, start, end int) bool {
		value := object[start:end]
		switch string(key) {
		case "prompt_tokens_details", "input_tokens_details", "completion_tokens_details", "output_tokens_details":
			n.readDetails(value)
			return true
		case "cache_creation":
			n.readCacheCreation(value)
			return true
		}
		if count, ok := parseCount(value); ok && n.note(key, count) {
			n.counts++
		}
		return true
	})
}

// note notes the number of a member, and reports whether it is one of tokens.
func (n *told) note(key []byte, count int) bool {
	switch string(key) {
	case "prompt_tokens", "promptTokenCount":
		n.prompt = count
	case "toolUsePromptTokenCount":
		n.tools = count
	case "input_tokens":
		n.input = count
	case "completion_tokens", "output_tokens", "candidatesTokenCount":
		n.Output = count
	case "thoughtsTokenCount":
		n.thoughts, n.Reasoning = count, count
	case "cache_read_input_tokens":
		n.cached = count
	case "cache_creation_input_tokens":
		n.written = count
	case "cachedContentTokenCount", "prompt_cache_hit_tokens", "cached_tokens": // Google; DeepSeek; Moonshot
		n.Cached = count
	case "total_tokens", "totalTokenCount":
		n.total = count
	default:
		return false
	}
	return true
}

// readDetails reads the parts of the tokens of a request or a reply.
func (n *told) readDetails(object []byte) {
	_ = splice.Members(object, func(key []byte, start, end int) bool { // null is no object
		if string(key) == "cache_creation_token_details" { // LiteLLM
			n.readCacheCreation(object[start:end])
			return true
		}
		count, ok := parseCount(object[start:end])
		if !ok {
			return true
		}
		switch string(key) {
		case "cached_tokens":
			n.Cached = count
		case "cache_creation_tokens", "cache_write_tokens": // LiteLLM; OpenAI
			n.CacheWrite = count
		case "reasoning_tokens":
			n.Reasoning = count
		}
		return true
	})
}

// readCacheCreation reads how long what was written to Anthropic's cache stays there.
func (n *told) readCacheCreation(object []byte) {
	_ = splice.Members(object, func(key []byte, start, end int) bool {
		if count, ok := parseCount(object[start:end]); ok && string(key) == "ephemeral_1h_input_tokens" {
			n.CacheWriteHour = count
		}
		return true
	})
}

// maxTokens is the largest number that is believed to be one of tokens.
const maxTokens = 1 << 30

// parseCount returns the number of tokens in a JSON value. ok is false for anything else: a
// text, a negative or a broken number.
func parseCount(value []byte) (n int, ok bool) {
	const maxDigits = 10
	if len(value) == 0 || value[0] < '0' || value[0] > '9' {
		return 0, false
	}
	if len(value) > maxDigits { // perhaps 12.000000000000
		return parseFraction(value)
	}
	for _, c := range value {
		if c < '0' || c > '9' {
			return parseFraction(value)
		}
		n = n*10 + int(c-'0')
	}
	return n, n <= maxTokens
}

// parseFraction returns the number of tokens in a number like 12.0, which servers in Python
// send. A number with an exponent is not believed to be one of tokens.
func parseFraction(value []byte) (n int, ok bool) {
	f, err := strconv.ParseFloat(string(value), 64)
	if err != nil || f > maxTokens || f != float64(int(f)) || bytes.ContainsAny(value, "eE") {
		return 0, false
	}
	return int(f), true
}
