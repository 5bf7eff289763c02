package translate

import "bytes"

// The opaque field of thinking (Anthropic's signature, the Responses API's
// encrypted_content) begins with one of these marks, which say where the thinking comes
// from. So it goes back to an upstream of its own dialect only, and no upstream gets a
// signature of another.
const (
	chatSignature      = "~flowgate:chat"
	callSignature      = "~flowgate:call:"      // followed by Gemini's thought signature of the next call
	messagesSignature  = "~flowgate:messages:"  // followed by Anthropic's signature
	redactedSignature  = "~flowgate:redacted:"  // followed by the data of Anthropic's redacted thinking
	responsesSignature = "~flowgate:responses:" // followed by the item's id, a colon and its encrypted_content
)

// isChatSignature reports whether thinking came from a chat upstream.
func isChatSignature(signature []byte) bool {
	return string(signature) == chatSignature || bytes.HasPrefix(signature, []byte(callSignature))
}

// markSignature returns an upstream's signature as the client gets it: with a mark before it.
func markSignature(mark string, signature []byte) []byte {
	return append([]byte(mark), signature...)
}

// unmarkSignature returns the upstream's signature without its mark, and false for a
// signature that does not begin with that mark.
func unmarkSignature(mark string, signature []byte) ([]byte, bool) {
	if !bytes.HasPrefix(signature, []byte(mark)) {
		return nil, false
	}
	return signature[len(mark):], true
}
