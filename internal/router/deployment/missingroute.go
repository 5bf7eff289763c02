package deployment

import (
	"bytes"
	"net/http"
	"unicode"
	"unicode/utf8"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
)

// IsRouteMissing reports whether an upstream's refusal means that it does not have
// the route at all: 405, or a 404 that is not about a model or another object that
// the request names. In Google's dialect the path contains the model, so that any server's
// message about a missing path may mention it: there, only a 404 with Google's own code,
// NOT_FOUND, is about the model.
func (d *Deployment) IsRouteMissing(in dialect.Dialect, status int, body []byte) bool {
	if d.IsCloud() { // their routes are known
		return false
	}
	if in.IsGoogle() {
		return status == http.StatusMethodNotAllowed ||
			status == http.StatusNotFound && !bytes.Contains(body, []byte("NOT_FOUND"))
	}
	return status == http.StatusMethodNotAllowed || status == http.StatusNotFound && !d.MentionsModel(body) &&
		!mentionsObject(body)
}

// DeniesRoute reports whether an error with status 200 says that the upstream does
// not have the route, in LM Studio's words.
func DeniesRoute(body []byte) bool {
	return bytes.Contains(bytes.ToLower(body), []byte("unexpected endpoint or method"))
}

// MentionsModel reports whether the body of a 404 is about the model.
func (d *Deployment) MentionsModel(body []byte) bool {
	lower := bytes.ToLower(body)
	for _, sign := range [...]string{"model", "deploymentnotfound", "no endpoints found"} { // the last is OpenRouter's
		if bytes.Contains(lower, []byte(sign)) {
			return true
		}
	}
	return hasWord(lower, bytes.ToLower([]byte(d.Upstream)))
}

// hasWord reports whether text contains word as a whole word: a model may be called o3 or
// m, which are parts of other words.
func hasWord(text, word []byte) bool {
	for from := 0; len(word) > 0; {
		at := bytes.Index(text[from:], word)
		if at < 0 {
			return false
		}
		from += at + 1
		before, _ := utf8.DecodeLastRune(text[:from-1])
		after, _ := utf8.DecodeRune(text[from-1+len(word):])
		if !isWordRune(before) && !isWordRune(after) {
			return true
		}
	}
	return false
}

// isWordRune reports whether a character may be part of a model's name.
func isWordRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_'
}

// mentionsObject reports whether the body of a 404 is about an object whose id the client
// sent: Codex sends ids of items that the provider did not keep.
func mentionsObject(body []byte) bool {
	lower := bytes.ToLower(body)
	for _, sign := range [...]string{"with id", "previous_response", "resp_", "conv_", "file-", "file_id",
		"file object",
		"vector_store", "vector store", "pmpt_", "conversation", "container", "cntr_"} {
		if bytes.Contains(lower, []byte(sign)) {
			return true
		}
	}
	return false
}
