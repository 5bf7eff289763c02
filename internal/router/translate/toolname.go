package translate

import (
	"bytes"
	"fmt"
	"hash/fnv"
)

// maxToolName is the length of a tool's name that every upstream takes: OpenAI's limit.
const maxToolName = 64

// toolName is what the client calls a tool whose name the upstream does not get
// as it is. All are texts.
type toolName struct {
	name      []byte
	namespace []byte
	custom    bool // the client knows it as a tool that takes a plain text
}

// upstreamName returns the name, a text, by which the upstream gets to know a
// tool: joined with its namespace, and shortened where it is too long or has
// characters that upstreams refuse. The same tool always gets the same name.
func (r *request) upstreamName(namespace, name []byte, custom bool) []byte {
	full := name
	if len(namespace) > 0 {
		full = bytes.Join([][]byte{namespace, name}, []byte("__"))
	}
	up := full
	if !isToolName(full) {
		up = shortenName(plainText(full))
	}
	if custom || len(namespace) > 0 || len(full) != len(up) || !bytes.Equal(full, up) {
		r.remember(string(up), toolName{clone(name), clone(namespace), custom})
	}
	return up
}

func (r *request) remember(up string, name toolName) {
	if r.names == nil {
		r.names = make(map[string]toolName)
	}
	if known, ok := r.names[up]; ok && known.custom {
		return // the history may call a custom tool like a function
	}
	r.names[up] = name
}

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

// shortenName returns a name of allowed characters and length. A hash of the
// whole name keeps names apart that are alike without it.
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

// clientName returns how the client calls the tool that the upstream names.
func (c *Call) clientName(up []byte) toolName {
	if name, ok := c.names[string(up)]; ok {
		return name
	}
	return toolName{name: up}
}
