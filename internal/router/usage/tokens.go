package usage

import (
	"bytes"
	"strconv"

	"github.com/flowgate-go/flowgate/internal/router/splice"
)

// Tokens is what a reply tells of its tokens. The zero value knows nothing.
type Tokens struct {
	Input  int // of the request, those from a cache included
	Output int // of the reply
	total  int // as the reply tells it
}

// Total returns the tokens of request and reply; 0 when they are not known.
func (t *Tokens) Total() int { return max(t.total, t.Input+t.Output) }

// IsKnown reports whether a reply told its tokens.
func (t *Tokens) IsKnown() bool { return t.Total() > 0 }

// Read reads a whole reply, or the data of one event of a stream, in any dialect. What
// a later event tells counts.
func (t *Tokens) Read(data []byte) {
	// Without its first quote, of which events are full, a key is found faster.
	if bytes.Contains(data, []byte(`usage"`)) {
		t.readIn(data, true)
	}
}

// readIn reads the member usage of an object, and of the message or response in it
// when isTop is set.
func (t *Tokens) readIn(object []byte, isTop bool) {
	_ = splice.Members(object, func(key []byte, start, end int) bool { // what is not well-formed tells nothing
		switch value := object[start:end]; string(key) {
		case "usage":
			t.readUsage(value)
		case "message", "response":
			if isTop {
				t.readIn(value, false)
			}
		}
		return true
	})
}

// readUsage reads a usage object: prompt_tokens and completion_tokens of chat,
// input_tokens and output_tokens of messages and responses. Anthropic does not count
// the tokens of its cache among input_tokens.
func (t *Tokens) readUsage(object []byte) {
	input, cached := 0, 0
	_ = splice.Members(object, func(key []byte, start, end int) bool {
		n, err := strconv.Atoi(string(object[start:end]))
		if err != nil || n < 0 || n > maxTokens {
			return true
		}
		switch string(key) {
		case "prompt_tokens", "input_tokens":
			input = n
		case "cache_creation_input_tokens", "cache_read_input_tokens":
			cached += n
		case "completion_tokens", "output_tokens":
			t.Output = n
		case "total_tokens":
			t.total = n
		}
		return true
	})
	t.Input = max(t.Input, input+cached)
}

// maxTokens is the largest number that counts as one of tokens.
const maxTokens = 1 << 30
