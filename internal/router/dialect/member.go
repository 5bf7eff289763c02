package dialect

import "slices"

// Member is a member that is added to requests whose clients do not send it.
type Member struct {
	Name  string
	Text  []byte // the whole member with a comma before it: `,"temperature":0.2`
	Value []byte // JSON
	Also  string // another name that clients use for the member; empty: none
}

// NewMember returns a member without another name. value is JSON.
func NewMember(name string, value []byte) Member {
	return Member{Name: name, Value: value,
		Text: slices.Concat([]byte{','}, EncodeJSON(name), []byte{':'}, value)}
}

// SaysSame reports whether a member of that name, which a client sent, means the same as m:
// it has m's name or m.Also, or both are names of the limit of a chat reply.
func (m Member) SaysSame(name []byte) bool {
	switch m.Name {
	case "max_tokens":
		return string(name) == "max_tokens" || string(name) == "max_completion_tokens"
	case "max_completion_tokens":
		return string(name) == "max_completion_tokens" || string(name) == "max_tokens"
	}
	return string(name) == m.Name || m.Also != "" && string(name) == m.Also
}
