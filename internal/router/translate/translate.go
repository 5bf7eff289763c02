// Package translate lets a client that speaks one dialect use an upstream that
// speaks another: chat completions, messages (Anthropic), responses. Clients may also
// speak gemini (Google's generateContent).
//
// Call Request first, with the client's body without the members that are meant for
// the router, and with the upstream's model name in it or in the options. It returns
// the body for the upstream, or a *RequestError for a 400, and a Call, which
// turns back what the upstream answers:
//
//   - Call.Reply for a JSON reply with status 200;
//   - Call.Stream for an event stream: Stream.Append for each chunk of bytes,
//     then Stream.End, or Stream.Fail where the router itself gives up;
//   - Call.Error for a reply with an error status.
//
// Where the upstream answers with a stream and the client wants JSON,
// Call.Collect makes one reply of it; the reverse is Call.Replay. Both also
// serve calls without translation, which NewCall makes. Before the header of a
// reply is written, Call.Dropped names what the request lost: the value of
// x-flowgate-dropped. Call.IsEstimated tells, after the reply, whether its usage
// was estimated.
//
// A request that needs no translation goes through Native: thinking that another
// upstream gave the client must not reach this one.
//
// Every dialect has one reader and one writer for requests and for replies, and
// they meet in the types request and reply. So each file lies beside one side of
// the mapping: read_messages_request.go, write_chat_request.go and so on.
//
// Values move as raw JSON: strings are copied as they stand and decoded only
// where a dialect demands it, which are the arguments of tools. The package
// keeps no state between calls but empty room, does no I/O and starts no goroutine. A
// Call keeps nothing of the body that Request was given. It never decides which
// dialect an upstream speaks, nor which errors are worth a retry.
//
// It is by far the largest package, with about 7,500 lines, because three dialects have a
// reader and a writer each for requests, replies and streams, and a fourth half of them.
// All of them share the unexported types between them. A package for each dialect would
// have to export every member of those, their helpers for raw JSON, and the assembler,
// whose fields the readers of replies change: more than the readers and writers are.
package translate

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// Dialect is the form of requests and replies.
type Dialect uint8

// The dialects, by the last part of their path.
const (
	Chat      Dialect = iota // /v1/chat/completions
	Messages                 // /v1/messages
	Responses                // /v1/responses
	Gemini                   // /v1beta/models/M:generateContent; a client's dialect only
	dialectCount
)

// String returns the dialect's name: chat, messages, responses or gemini.
func (d Dialect) String() string {
	switch d {
	case Chat:
		return "chat"
	case Messages:
		return "messages"
	case Responses:
		return "responses"
	case Gemini:
		return "gemini"
	}
	return fmt.Sprintf("dialect %d", uint8(d))
}

// Options is what the router knows of the call and of the upstream. The zero
// value serves.
type Options struct {
	Model   string    // what replies name as model: the client's own word; "": the upstream's
	ID      string    // made ids consist of a prefix and this: unique to the call, letters, digits, '-' and '_'
	Created time.Time // the time that replies name; zero: now
	Stream  bool      // gemini client: it asked for a stream, which its path says

	UpstreamModel []byte // the upstream's name of the model, as a JSON string; nil: the body has it
	MaxTokens     int    // messages upstream: the limit where the client names none; 0: 8192
	MaxTokensName string // chat upstream: its name of the limit; "": max_tokens
	Effort        bool   // chat upstream: it takes reasoning_effort
	Adaptive      bool   // messages upstream: its model thinks by output_config.effort and not by a budget
	ReasoningBack bool   // chat upstream: it wants its own reasoning_content back
	Thoughts      bool   // chat upstream: it wants the thought signatures of its calls back (Gemini)
	Details       bool   // chat upstream: it wants its reasoning_details back (OpenRouter)
	TextParts     bool   // chat upstream: it takes texts in several parts; else they are joined
	NoImages      bool   // the upstream's model takes no images
	NoFiles       bool   // the upstream's model takes no files
	NoFormat      bool   // the upstream's model takes no schema of its reply
	Strict        bool   // drop_params: false: a parameter that cannot be said is refused

	// Reserve counts bytes that a translation needs besides the bodies, and reports whether
	// there are as many; nil: they are not counted.
	Reserve func(bytes int) bool
}

// RequestError says which member of a request cannot be said in the upstream's
// dialect. The router answers 400 with it.
type RequestError struct {
	Member string // path of the member, without indices
	Reason string // why, and what to do
}

// Error names the member and the reason.
func (e *RequestError) Error() string { return e.Member + ": " + e.Reason }

// Call is one request that was sent upstream: what its reply needs to know.
type Call struct {
	from, to Dialect // the client's dialect, the upstream's
	opts     Options

	stream    bool // the client asked for a stream
	usage     bool // chat client: it asked for usage in the stream
	thoughts  bool // gemini client: it wants to read what the model thought
	dropped   []string
	names     map[string]toolName // by the upstream's name
	echo      echo
	prompt    int // about how many tokens the request has
	estimated bool

	hasFormatTool bool // the model answers by calling formatTool
}

// IsStream reports whether the client asked for a stream.
func (c *Call) IsStream() bool { return c.stream }

// IsEstimated reports whether a reply was given an estimate because the upstream
// told no usage.
func (c *Call) IsEstimated() bool { return c.estimated }

// Dropped names the members of the request that the upstream did not get, by
// their path without indices, in the order in which they were found.
func (c *Call) Dropped() []string { return c.dropped }

// Size returns how many bytes of the request a call keeps for the replies.
func (c *Call) Size() int {
	size := 0
	for _, value := range c.echo.values {
		size += len(value)
	}
	return size
}

// NewCall returns a call that needs no translation, for Collect and Replay.
func NewCall(d Dialect, opts Options) *Call {
	c := &Call{from: d, to: d, opts: opts, usage: true}
	c.complete()
	return c
}

func (c *Call) complete() {
	if c.opts.Created.IsZero() {
		c.opts.Created = time.Now()
	}
	if c.opts.ID == "" {
		c.opts.ID = fmt.Sprintf("%x", c.opts.Created.UnixNano())
	}
}

// Request translates a request body from the client's dialect to the
// upstream's. The body stays as it is. An error is a *RequestError, or ErrMemory.
func Request(from, to Dialect, body []byte, opts Options) ([]byte, *Call, error) {
	return AppendRequest(make([]byte, 0, EstimateSize(body)), from, to, body, opts)
}

// EstimateSize returns how many bytes a translated request is likely to have at most.
func EstimateSize(body []byte) int { return len(body) + len(body)/8 + 512 }

// AppendRequest is Request and appends the upstream's body to out, which must be empty.
func AppendRequest(out []byte, from, to Dialect, body []byte, opts Options) ([]byte, *Call, error) {
	c := &Call{from: from, to: to, opts: opts}
	c.complete()
	r := &request{Call: c}
	r.takeRoom()
	defer r.returnRoom()
	s := &scan{doc: body, element: r.reserve}
	r.read(from, s)
	c.opts.Reserve = nil
	switch err := s.end(); {
	case r.isMemoryOut:
		return nil, nil, ErrMemory
	case err != nil:
		return nil, nil, &RequestError{Member: "body", Reason: err.Error()}
	}
	if opts.UpstreamModel != nil {
		r.model = opts.UpstreamModel
	}
	c.prompt = r.estimatePrompt()
	r.useFormatTool()
	switch to {
	case Messages:
		out = r.appendMessages(out)
	case Responses:
		out = r.appendResponses(out)
	default:
		out = r.appendChat(out)
	}
	if r.problem != nil {
		return nil, nil, r.problem
	}
	return out, c, nil
}

// read reads the client's body.
func (r *request) read(from Dialect, s *scan) {
	switch from {
	case Messages:
		r.readMessages(s)
	case Responses:
		r.readResponses(s)
	case Gemini:
		r.readGemini(s)
	default:
		r.readChat(s)
	}
}

// The header that names what was dropped stays of a size that every server takes.
const (
	maxDropped       = 40
	maxDroppedMember = 80 // bytes
)

// drop notes a member that the upstream does not get: path is that of the object
// which holds it, with a dot at its end.
func (c *Call) drop(path, member string) {
	for _, seen := range c.dropped {
		if len(seen) == len(path)+len(member) && strings.HasPrefix(seen, path) && seen[len(path):] == member {
			return
		}
	}
	name := strings.Map(headerChar, path+member)
	if len(name) > maxDroppedMember {
		name = name[:maxDroppedMember-3] + "..."
	}
	switch n := len(c.dropped); {
	case n < maxDropped && !hasString(c.dropped, name):
		c.dropped = append(c.dropped, name)
	case n == maxDropped:
		c.dropped = append(c.dropped, "...")
	}
}

func hasString(list []string, s string) bool {
	for _, seen := range list {
		if seen == s {
			return true
		}
	}
	return false
}

// headerChar replaces the characters that a header cannot hold, or that part its values.
func headerChar(c rune) rune {
	if c <= ' ' || c >= 0x7f || c == ',' {
		return '?'
	}
	return c
}

// clone copies a value that has to outlive the request's body.
func clone(value []byte) []byte { return bytes.Clone(value) }
