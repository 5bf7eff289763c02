package affinity

import (
	"bytes"
	"crypto/sha256"

	"github.com/flowgate-go/flowgate/internal/router/splice"
)

const (
	// minCachedPrompt is the length, in bytes, of the shortest prompt that a provider keeps
	// in its cache: about 1024 tokens.
	minCachedPrompt = 4 << 10

	// maxLookBack is at how many message ends, from the last mark backwards, a provider looks
	// for an earlier prompt in its cache, as Anthropic does.
	maxLookBack = 20
)

// cacheMark is the key of the mark that Anthropic's clients put at the end of the part of
// a prompt that the cache shall keep.
var cacheMark = []byte(`"cache_control"`)

// PromptKeys returns the keys of the beginnings of a prompt, the longest first: the first
// beginning ends with the last message that has a mark of Anthropic's cache, each further one
// a message earlier, and there are at most maxLookBack. It returns none when no message has
// a mark, or the prompt is too short for a cache.
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
	_ = splice.Elements(m.Messages, func(start, end int) bool { // a malformed list has no marks
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

// writeUnmarked writes part without its marks and the commas beside them. Clients move the
// marks as the conversation grows, so that keys must not depend on them.
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
		case at > 0 && part[at-1] == '\\' || end < 0: // not a member: it is within a string
			_, _ = write(part[:at+len(cacheMark)]) // a digest takes everything
			part = after
		default:
			_, _ = write(bytes.TrimRight(before, commas))
			part = bytes.TrimLeft(after[end+1:], commas)
		}
	}
	_, _ = write(part)
}
