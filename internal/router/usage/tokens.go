package usage

import (
	"bytes"
	"strconv"

	"github.com/flowgate-go/flowgate/internal/router/splice"
)

// Tokens is the usage that a reply tells. The zero value is that of a reply which told none.
type Tokens struct {
	Input  int // the tokens of the request, including those from a cache
	Output int // the tokens of the reply
	total  int // the number that the reply calls the total
}

// Total returns the tokens of request and reply; 0 when they are not known.
func (t *Tokens) Total() int { return max(t.total, t.Input+t.Output) }

// IsKnown reports whether a reply told its tokens.
func (t *Tokens) IsKnown() bool { return t.Total() > 0 }

// Read reads the usage in a whole reply, or in the data of one event of a stream, in any
// dialect but Google's. Numbers of a later event replace earlier ones; only Input never
// becomes smaller.
func (t *Tokens) Read(data []byte) {
	// The search is faster without the key's first quote, because events are full of quotes.
	if bytes.Contains(data, []byte(`usage"`)) {
		t.readObject(data, true)
	}
}

// readObject reads the member usage of an object and, when isTop is set, of the message or
// response in it.
func (t *Tokens) readObject(object []byte, isTop bool) {
	_ = splice.Members(object, func(key []byte, start, end int) bool { // a malformed object tells no usage
		switch value := object[start:end]; string(key) {
		case "usage":
			t.readUsage(value)
		case "message", "response":
			if isTop {
				t.readObject(value, false)
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

// maxTokens is the largest number that is believed to be one of tokens.
const maxTokens = 1 << 30
