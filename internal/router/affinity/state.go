package affinity

import (
	"bytes"

	"github.com/flowgate-go/flowgate/internal/router/splice"
)

// State is what an upstream made, expects back, and no other upstream understands:
// encrypted reasoning, signatures of thinking, and ids of objects that the upstream keeps.

// minState is the length, in bytes, of the shortest value that counts as state.
const minState = 12

// maxDigested is how many of a value's last bytes its key is made from: encrypted values
// differ there, and a long value must not take more time than a short one.
const maxDigested = 64

// stateKeys are the ends of the keys whose values are state: encrypted_content of
// responses, signature of messages, thought_signature and thoughtSignature of Gemini.
// Each begins with a letter that is rare in documents, so that a search finds it fast.
var stateKeys = [...][]byte{[]byte(`ypted_content"`), []byte(`gnature"`)}

// reasoningID is how the id of a reasoning item begins.
var reasoningID = []byte(`"rs_`)

// StateKey returns the key of a piece of state.
func StateKey(value []byte) Key {
	return NewKey("state", string(value[max(0, len(value)-maxDigested):]))
}

// EachState calls visit for each piece of state in a request, a reply or an event, with
// the text between its quotes.
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

// eachReasoningID calls visit for each id of a reasoning item. It searches for the
// underscore in the ids, which is rarer than a quote.
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

// textAfterColon returns the text between the quotes of the string after a colon. It returns
// nil when something else follows, or the string has escapes: state has none.
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

// EachKeptID calls visit for the id of each object in a reply, or in an event, that the
// upstream keeps: the response, and the container in which code ran.
func EachKeptID(data []byte, visit func(id []byte)) {
	eachKeptID(data, true, visit)
}

// eachKeptID calls visit for the ids in the object data and, when isTop is set, in the
// response or message that it contains.
func eachKeptID(data []byte, isTop bool, visit func(id []byte)) {
	_ = splice.Members(data, func(key []byte, start, end int) bool { // a malformed object has no ids
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

// visitID calls visit for an id: the string value, or the id of the object value.
func visitID(value []byte, visit func(id []byte)) {
	if len(value) > 0 && value[0] == '{' {
		eachKeptID(value, false, visit)
		return
	}
	visitText(value, visit)
}

// visitText calls visit with the text between the quotes of a string.
func visitText(value []byte, visit func(id []byte)) {
	if len(value) > 2 && value[0] == '"' {
		visit(value[1 : len(value)-1])
	}
}

// KeptID returns the id in the value of a request's member: a string, or the id of an
// object. It is nil when there is none.
func KeptID(value []byte) (id []byte) {
	visitID(value, func(found []byte) { id = found })
	return id
}
