package translate

import (
	"bytes"
	"slices"
	"strings"
)

// readMessages reads a request to /v1/messages.
func (r *request) readMessages(s *scan) {
	ok := s.object(func(key []byte) {
		switch string(key) {
		case "model":
			r.model = s.raw()
		case "system":
			from := len(r.parts)
			r.readBlocks(s, "system.", &r.parts)
			r.removeBilling(from)
			r.addToSystem(from)
		case "messages":
			if !s.array(func() { r.readMessage(s) }) {
				r.refuse("messages", "expected a list")
			}
		case "tools":
			s.array(func() { r.readMessagesTool(s) })
		case "tool_choice":
			r.readMessagesChoice(s)
		case "max_tokens":
			r.maxTokens = s.raw()
		case "stream":
			r.stream = string(s.raw()) == "true"
		case "thinking":
			r.readThinking(s)
		case "output_config":
			r.readOutputConfig(s)
		default:
			r.readOther(s, key)
		}
	})
	if !ok {
		r.refuse("body", "expected a JSON object")
	}
}

// billingPrefix begins the block of the system prompt in which Claude Code tells
// Anthropic whom to charge. The block has a number that differs in every request,
// which would make the prompt caches of other upstreams useless.
const billingPrefix = "x-anthropic-billing-header:"

// removeBilling removes that block from the parts with an index of at least from.
func (r *request) removeBilling(from int) {
	isBilling := func(p part) bool { return bytes.HasPrefix(p.text, []byte(billingPrefix)) }
	kept := slices.DeleteFunc(r.parts[from:], isBilling)
	if from+len(kept) < len(r.parts) {
		r.drop("system.", strings.TrimSuffix(billingPrefix, ":"))
		r.parts = r.parts[:from+len(kept)]
	}
}

// readMessage reads one message. Its content may come before its role.
func (r *request) readMessage(s *scan) {
	var role role
	var roleName []byte
	from := len(r.parts)
	s.object(func(key []byte) {
		switch string(key) {
		case "role":
			roleName, _ = s.text()
		case "content":
			r.readBlocks(s, "messages.content.", &r.parts)
		default:
			r.drop("messages.", string(key))
		}
	})
	switch string(roleName) {
	case "user":
		role = userRole
	case "assistant":
		role = assistantRole
	case "system":
	default:
		r.refuse("messages.role", "expected user, assistant or system")
	}
	r.closeTurn(role, from)
}

// closeTurn makes a turn of the parts with an index of at least from, or adds them to the
// last turn when that has the same role and ends there. Without such parts it does nothing.
func (r *request) closeTurn(role role, from int) {
	switch n := len(r.turns); {
	case from == len(r.parts):
	case n > 0 && r.turns[n-1].role == role && r.turns[n-1].to == from:
		r.turns[n-1].to = len(r.parts)
	default:
		r.turns = append(r.turns, turn{role, span{from, len(r.parts)}})
	}
}

// readBlocks reads a content, a string or a list of blocks, and appends its parts to into.
// Empty texts are left out. path is that of the blocks, with a dot at its end.
func (r *request) readBlocks(s *scan, path string, into *[]part) {
	if s.kind() == '"' {
		if text, _ := s.text(); len(text) > 0 {
			*into = append(*into, part{text: text})
		}
		return
	}
	s.array(func() { r.readBlock(s, path, into) })
}

// contentBlock is a content block as it was read; which members count depends on its type.
type contentBlock struct {
	kind, text, thinking, signature, data []byte
	id, name, toolUseID                   []byte
	input, source, title                  []byte
	isError                               bool
	cache                                 cachePoint
	inner                                 span
}

func (r *request) readBlock(s *scan, path string, into *[]part) {
	var b contentBlock
	b.inner = span{len(r.inner), len(r.inner)}
	s.object(func(key []byte) {
		switch string(key) {
		case "type":
			b.kind, _ = s.text()
		case "text":
			b.text, _ = s.text()
		case "thinking":
			b.thinking, _ = s.text()
		case "signature":
			b.signature, _ = s.text()
		case "data":
			b.data, _ = s.text()
		case "id":
			b.id, _ = s.text()
		case "name":
			b.name, _ = s.text()
		case "tool_use_id":
			b.toolUseID, _ = s.text()
		case "input":
			b.input = s.raw()
		case "source":
			b.source = s.raw()
		case "title":
			b.title, _ = s.text()
		case "is_error":
			b.isError = string(s.raw()) == "true"
		case "content":
			r.readResultContent(s, path, &b)
		case "cache_control":
			b.cache = max(b.cache, r.readCacheControl(s, path))
		default:
			r.dropUnlessNull(s, path, string(key))
		}
	})
	r.addCachedBlock(&b, path, into)
}

// dropUnlessNull notes a member that has no place in the upstream's dialect.
func (r *request) dropUnlessNull(s *scan, path, key string) {
	if value := s.raw(); !isNull(value) {
		r.drop(path, key)
	}
}

// readResultContent reads the content of a tool's result. A block within a result cannot
// have such a content: it is dropped. A cache point within it moves behind the result.
func (r *request) readResultContent(s *scan, path string, b *contentBlock) {
	if path == toolResultPath {
		r.drop(path, "content")
		return
	}
	r.readBlocks(s, toolResultPath, &r.inner)
	b.inner.to = len(r.inner)
	for i := b.inner.from; i < b.inner.to; i++ {
		b.cache = max(b.cache, r.inner[i].cache)
	}
}

// toolResultPath is the path of the blocks in a tool's result.
const toolResultPath = "messages.content.content."

// addBlock appends the part that a block makes to into.
func (r *request) addBlock(b *contentBlock, path string, into *[]part) {
	switch string(b.kind) {
	case "text":
		if len(b.text) > 0 {
			*into = append(*into, part{text: b.text})
		}
	case "image":
		r.addSource(imagePart, b, path, into)
	case "document":
		r.addSource(filePart, b, path, into)
	case "thinking":
		*into = append(*into, part{kind: thinkingPart, text: b.thinking, id: b.signature})
	case "redacted_thinking":
		*into = append(*into, part{kind: redactedPart, id: b.data})
	case "tool_use":
		input := b.input
		if isNull(input) {
			input = []byte("{}")
		}
		*into = append(*into, part{kind: callPart, isJSON: true, id: b.id, name: b.name, text: input})
	case "tool_result":
		*into = append(*into, part{kind: resultPart, id: b.toolUseID, isError: b.isError, inner: b.inner})
	case "":
		r.refuse(path+"type", "a content block needs a type")
	default:
		r.drop(path, string(b.kind))
	}
}

// addSource appends an image or a document to into. A document that is plain text
// becomes a text.
func (r *request) addSource(kind partKind, b *contentBlock, path string, into *[]part) {
	var sourceType, media, data, address []byte
	s := &scan{doc: b.source}
	s.object(func(key []byte) {
		switch string(key) {
		case "type":
			sourceType, _ = s.text()
		case "media_type":
			media, _ = s.text()
		case "data":
			data, _ = s.text()
		case "url":
			address, _ = s.text()
		case "file_id":
		default:
			r.drop(path+"source.", string(key))
		}
	})
	switch string(sourceType) {
	case "base64":
		*into = append(*into, part{kind: kind, media: bytes.Clone(plainText(media)), text: data, name: b.title})
	case "url":
		*into = append(*into, part{kind: kind, text: address, name: b.title})
	case "text":
		if len(data) > 0 {
			*into = append(*into, part{text: data})
		}
	default:
		r.refuse(path+"source", "only base64, url and text sources can be translated; send the data itself")
	}
}

func (r *request) readOutputConfig(s *scan) {
	s.object(func(key []byte) {
		switch string(key) {
		case "effort":
			r.readEffort(s, "output_config.effort")
		case "format":
			r.readMessagesFormat(s)
		default:
			r.drop("output_config.", string(key))
		}
	})
}

func (r *request) readMessagesFormat(s *scan) {
	s.object(func(key []byte) {
		switch string(key) {
		case "schema":
			r.format.schema = s.raw()
		case "type":
		default:
			r.drop("output_config.format.", string(key))
		}
	})
}
