package translate

import (
	"bytes"
	"fmt"
	"hash/fnv"
)

// maxToolName is the length in bytes of a tool's name that every upstream takes: OpenAI's
// limit.
const maxToolName = 64

// toolName is the client's name of a tool. Its values are texts.
type toolName struct {
	name      []byte
	namespace []byte
	custom    bool // the client knows it as a tool that takes a plain text
}

// upstreamName returns the name of a tool for the upstream, as a text: joined with its
// namespace, and shortened if it is too long or has characters that upstreams refuse. The
// same tool always gets the same name.
func (r *request) upstreamName(namespace, name []byte, custom bool) []byte {
	full := name
	if len(namespace) > 0 {
		full = bytes.Join([][]byte{namespace, name}, []byte("__"))
	}
	short := full
	if !isToolName(full) {
		short = shortenName(plainText(full))
	}
	if custom || len(namespace) > 0 || len(full) != len(short) || !bytes.Equal(full, short) {
		r.recordName(string(short), toolName{clone(name), clone(namespace), custom})
	}
	return short
}

// recordName records the client's name of a tool for the replies.
func (r *request) recordName(upstream string, name toolName) {
	if r.names == nil {
		r.names = make(map[string]toolName)
	}
	if known, ok := r.names[upstream]; ok && known.custom {
		return // the conversation may have calls of a custom tool as of a function
	}
	r.names[upstream] = name
}

// isToolName reports whether every upstream takes the name.
func isToolName(name []byte) bool {
	for _, c := range name {
		if !isNameChar(c) {
			return false
		}
	}
	return len(name) <= maxToolName
}

func isNameChar(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

// shortenName returns a name of allowed characters and length. A hash of the whole name at
// its end distinguishes names that would become the same.
func shortenName(full []byte) []byte {
	hash := fnv.New32a()
	_, _ = hash.Write(full) // a hash never fails
	suffix := fmt.Sprintf("_%08x", hash.Sum32())
	short := make([]byte, 0, maxToolName)
	for _, c := range full[:min(len(full), maxToolName-len(suffix))] {
		if !isNameChar(c) {
			c = '_'
		}
		short = append(short, c)
	}
	return append(short, suffix...)
}

// clientName returns the client's name of the tool that the upstream calls by its own name.
func (c *Call) clientName(upstream []byte) toolName {
	if name, ok := c.names[string(upstream)]; ok {
		return name
	}
	return toolName{name: upstream}
}
