package affinity

import (
	"bytes"
	"crypto/sha256"

	"github.com/flowgate-go/flowgate/internal/router/splice"
)

const (
	// minCachedPrompt is the length, in bytes, of the shortest prompt that a provider keeps
	// in its cache: 1024 tokens.
	minCachedPrompt = 4 << 10

	// maxLookBack is how many messages before the last mark a provider looks for an earlier
	// prompt in its cache, as Anthropic does.
	maxLookBack = 20
)

// cacheMark is the key of Anthropic's marks up to which a prompt is kept in a cache.
var cacheMark = []byte(`"cache_control"`)

// PromptKeys returns the keys of the prompt up to each of its last messages, the longest
// first. The first one ends at the last message with a mark of Anthropic's cache. There
// are none when no message has a mark, or the prompt is too short for a cache.
func PromptKeys(group string, m *Marks) []Key {
	if !bytes.Contains(m.Messages, cacheMark) || len(m.Messages)+len(m.System)+len(m.Tools) < minCachedPrompt {
		return nil
	}
	var ends []Key
	marked := 0
	digest := sha256.New()
	digest.Write([]byte("prompt " + group + "\x00"))
	writeUnmarked(digest.Write, m.Tools)
	writeUnmarked(digest.Write, m.System)
	_ = splice.Elements(m.Messages, func(start, end int) bool { // what is not well-formed has no marks
		message := m.Messages[start:end]
		writeUnmarked(digest.Write, message)
		ends = append(ends, Key(digest.Sum(nil)[:len(Key{})]))
		if bytes.Contains(message, cacheMark) {
			marked = len(ends)
		}
		return true
	})
	keys := make([]Key, 0, maxLookBack)
	for i := marked - 1; i >= 0 && len(keys) < maxLookBack; i-- {
		keys = append(keys, ends[i])
	}
	return keys
}

// writeUnmarked writes part without its marks, which move on with the conversation, and
// without the commas beside them.
func writeUnmarked(write func([]byte) (int, error), part []byte) {
	const commas = ", \t\r\n"
	for {
		at := bytes.Index(part, cacheMark)
		if at < 0 {
			break
		}
		before, after := part[:at], part[at+len(cacheMark):]
		end := bytes.IndexByte(after, '}')
		switch {
		case at > 0 && part[at-1] == '\\' || end < 0: // within a text
			_, _ = write(part[:at+len(cacheMark)]) // a digest takes everything
			part = after
		default:
			_, _ = write(bytes.TrimRight(before, commas))
			part = bytes.TrimLeft(after[end+1:], commas)
		}
	}
	_, _ = write(part)
}
