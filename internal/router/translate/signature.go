package translate

import "bytes"

// The opaque field that belongs to thinking (Anthropic's signature, the
// Responses API's encrypted_content) also says where the thinking comes from:
// so it goes back to its own dialect only, and none gets a foreign signature.
const (
	chatSignature      = "~flowgate:chat"
	callSignature      = "~flowgate:call:"      // then Gemini's thought signature of the call that follows
	messagesSignature  = "~flowgate:messages:"  // then Anthropic's signature
	redactedSignature  = "~flowgate:redacted:"  // then the data of Anthropic's redacted thinking
	responsesSignature = "~flowgate:responses:" // then the item's id, a colon, its encrypted_content
)

// isChatSignature reports whether thinking came from a chat upstream.
func isChatSignature(signature []byte) bool {
	return string(signature) == chatSignature || bytes.HasPrefix(signature, []byte(callSignature))
}

// markSignature returns an upstream's own signature as the client gets it.
func markSignature(mark string, signature []byte) []byte {
	return append([]byte(mark), signature...)
}

// ownSignature returns the signature that an upstream of the dialect gave, and
// false for one that comes from elsewhere.
func ownSignature(mark string, signature []byte) ([]byte, bool) {
	if !bytes.HasPrefix(signature, []byte(mark)) {
		return nil, false
	}
	return signature[len(mark):], true
}
