package echo

import (
	"strconv"
	"strings"
	"time"
)

// script is what a model name tells the server to do. The words stand between
// dashes: "fail-503-ra7", "failfirst2-500", "sleep300", "x-cut". The upstream with
// which LiteLLM 1.106.2 was measured has the same words.
type script struct {
	fail       int    // fail-NNN: that status, 400 to 599; 0 when absent
	firstN     int    // failfirstN-NNN: only the first N calls of this model fail
	retryAfter string // raS: the Retry-After header of the error, in seconds
	context    bool   // ctx: the error says that the context window is too small
	policy     bool   // policy: the error says that the content policy was violated

	sleep time.Duration // sleepMS: the wait before the reply
	ttfb  time.Duration // ttfbMS: streams: the wait between the headers and the first event

	cut0      bool // streams: the connection breaks before the first event
	cut       bool // streams: the connection breaks after three deltas
	errstream bool // streams: an error event after two deltas
	pausemid  bool // streams: four seconds of silence after three deltas
	nodone    bool // chat and completion streams: no [DONE]

	html      bool // an HTML page in place of JSON, with status 200 or that of the error
	badjson   bool // 200 and a JSON document without its end
	emptybody bool // 200 and an empty body
	reset     bool // the connection closes without a reply
	gzip      bool // whole replies are compressed when the client accepts gzip
	big       bool // the answer is two megabytes long
}

// Bounds of what a model name can ask for.
const (
	maxScript = 256              // bytes; the words of a longer name have no effect
	maxSleep  = 10 * time.Minute // LiteLLM's default timeout for /v1/messages
)

// parseScript returns what a model name tells the server to do.
func parseScript(model string) script {
	var s script
	if len(model) > maxScript {
		return s
	}
	words := strings.Split(model, "-")
	for i, word := range words {
		next := ""
		if i+1 < len(words) {
			next = words[i+1]
		}
		s.readWord(word, next)
	}
	return s
}

// readWord reads one word of a model name; next is the word after it.
func (s *script) readWord(word, next string) {
	if flag := s.flag(word); flag != nil {
		*flag = true
		return
	}
	stem := strings.TrimRight(word, "0123456789")
	digits := word[len(stem):]
	switch stem {
	case "fail":
		if digits == "" {
			s.fail = failStatus(next)
		}
	case "failfirst":
		if n, err := strconv.Atoi(digits); err == nil {
			s.fail, s.firstN = failStatus(next), n
		}
	case "ra":
		s.retryAfter = digits
	case "sleep":
		s.sleep = milliseconds(digits)
	case "ttfb":
		s.ttfb = milliseconds(digits)
	}
}

// flag returns the field that a word without a number sets; nil for other words.
func (s *script) flag(word string) *bool {
	switch word {
	case "ctx":
		return &s.context
	case "policy":
		return &s.policy
	case "cut0":
		return &s.cut0
	case "cut":
		return &s.cut
	case "errstream":
		return &s.errstream
	case "pausemid":
		return &s.pausemid
	case "nodone":
		return &s.nodone
	case "html":
		return &s.html
	case "badjson":
		return &s.badjson
	case "emptybody":
		return &s.emptybody
	case "reset":
		return &s.reset
	case "gzip":
		return &s.gzip
	case "big":
		return &s.big
	}
	return nil
}

// failStatus returns NNN of fail-NNN, or 0 when it is not an error status.
func failStatus(digits string) int {
	status, err := strconv.Atoi(digits)
	if err != nil || len(digits) != 3 || status < 400 || status > 599 {
		return 0
	}
	return status
}

// milliseconds returns the duration of that many milliseconds, at most maxSleep; 0 when digits is not a number.
func milliseconds(digits string) time.Duration {
	ms, err := strconv.Atoi(digits)
	if err != nil || ms < 0 {
		return 0
	}
	return time.Duration(min(ms, int(maxSleep/time.Millisecond))) * time.Millisecond
}
