package affinity

import (
	"bytes"

	"github.com/flowgate-go/flowgate/internal/router/splice"
)

// State is what an upstream has made and wants back, and no other upstream understands:
// encrypted reasoning, signatures of thinking, and ids of what the upstream keeps.

// minState is the length, in bytes, of the shortest value that counts as state.
const minState = 12

// maxDigested is how many bytes of a value go into its key, the last ones: encrypted
// values differ there, and long ones must not cost time.
const maxDigested = 64

// stateKeys are the ends of the keys whose values are state: encrypted_content of
// responses, signature of messages, thought_signature and thoughtSignature of Gemini.
// They begin with letters that are rare in documents, where they are found fast.
var stateKeys = [...][]byte{[]byte(`ypted_content"`), []byte(`gnature"`)}

// reasoningID is how the id of a reasoning item begins.
var reasoningID = []byte(`"rs_`)

// StateKey returns the key of a piece of state.
func StateKey(value []byte) Key {
	return NewKey("state", string(value[max(0, len(value)-maxDigested):]))
}

// EachState calls visit for each piece of state in a request, a reply or an event: the
// text between its quotes.
func EachState(doc []byte, visit func(value []byte)) {
	for _, key := range stateKeys {
		for rest := doc; ; {
			at := bytes.Index(rest, key)
			if at < 0 {
				break
			}
			rest = rest[at+len(key):]
			if value := textAfterColon(rest); len(value) >= minState {
				visit(value)
				rest = rest[len(value):]
			}
		}
	}
	eachReasoningID(doc, visit)
}

// eachReasoningID calls visit for each id of a reasoning item. It looks for the underscore
// in them, which is rarer than quotes.
func eachReasoningID(doc []byte, visit func(id []byte)) {
	for from := 0; ; {
		at := bytes.IndexByte(doc[from:], '_')
		if at < 0 {
			return
		}
		from += at + 1
		if !bytes.HasSuffix(doc[:from], reasoningID) {
			continue
		}
		id := doc[from-len(reasoningID)+1:]
		if end := bytes.IndexByte(id, '"'); end >= minState {
			visit(id[:end])
		}
	}
}

// textAfterColon returns what stands between the quotes of the text after a colon; nil
// when something else follows. State has no escapes.
func textAfterColon(rest []byte) []byte {
	rest, ok := bytes.CutPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte{':'})
	if !ok {
		return nil
	}
	rest, ok = bytes.CutPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte{'"'})
	if !ok {
		return nil
	}
	end := bytes.IndexByte(rest, '"')
	if end < 0 || bytes.IndexByte(rest[:end], '\\') >= 0 {
		return nil
	}
	return rest[:end]
}

// EachKeptID calls visit for each id in a reply, or an event, of what the upstream keeps:
// the response, the container in which code ran.
func EachKeptID(data []byte, visit func(id []byte)) {
	eachKeptID(data, true, visit)
}

// eachKeptID reads the object data, and the response or message in it when isTop is set.
func eachKeptID(data []byte, isTop bool, visit func(id []byte)) {
	_ = splice.Members(data, func(key []byte, start, end int) bool { // what is not well-formed keeps nothing
		value := data[start:end]
		switch string(key) {
		case "id":
			visitText(value, visit)
		case "container":
			visitID(value, visit)
		case "response", "message", "delta":
			if isTop && value[0] == '{' {
				eachKeptID(value, false, visit)
			}
		}
		return true
	})
}

// visitID calls visit for an id: a text, or the id of an object.
func visitID(value []byte, visit func(id []byte)) {
	if len(value) > 0 && value[0] == '{' {
		eachKeptID(value, false, visit)
		return
	}
	visitText(value, visit)
}

// visitText calls visit for what stands between the quotes of a text.
func visitText(value []byte, visit func(id []byte)) {
	if len(value) > 2 && value[0] == '"' {
		visit(value[1 : len(value)-1])
	}
}

// KeptID returns the id in a member of a request: a text, or the id of an object.
func KeptID(value []byte) (id []byte) {
	visitID(value, func(found []byte) { id = found })
	return id
}
