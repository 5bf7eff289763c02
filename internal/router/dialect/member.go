package dialect

import "slices"

// Member is a member that requests get unless the client sent it.
type Member struct {
	Name  string
	Text  []byte // with a comma before it: `,"temperature":0.2`
	Value []byte // JSON
	Also  string // another name under which clients send the same; empty: none
}

// NewMember returns a member with a value as JSON.
func NewMember(name string, value []byte) Member {
	return Member{Name: name, Value: value,
		Text: slices.Concat([]byte{','}, EncodeJSON(name), []byte{':'}, value)}
}

// SaysSame reports whether a member that a client sent says what m says: it has the
// same name, or is the other name of the limit of a chat reply.
func (m Member) SaysSame(name []byte) bool {
	switch m.Name {
	case "max_tokens":
		return string(name) == "max_tokens" || string(name) == "max_completion_tokens"
	case "max_completion_tokens":
		return string(name) == "max_completion_tokens" || string(name) == "max_tokens"
	}
	return string(name) == m.Name || m.Also != "" && string(name) == m.Also
}
