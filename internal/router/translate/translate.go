// Package translate lets a client that speaks one dialect use an upstream that
// speaks another: chat completions, messages (Anthropic), responses. Clients may also
// speak gemini (Google's generateContent), upstreams converse (Amazon Bedrock).
//
// Call Request first, with the client's body without the members that are meant for
// the router, and with the upstream's model name in it or in the options. It returns
// the body for the upstream and a Call, or a *RequestError for a 400. The Call translates
// what the upstream answers:
//
//   - Call.Reply for a JSON reply with status 200;
//   - Call.Stream for an event stream: Stream.Append for each chunk of bytes,
//     then Stream.End, or Stream.Fail when the router itself gives up;
//   - Call.Error for a reply with an error status.
//
// When the upstream answers with a stream and the client wants JSON, Call.Collect makes
// one reply of it; the reverse is Call.Replay. Both also serve calls without
// translation, which NewCall makes. Call.Dropped names what the request lost: the
// value of the header x-flowgate-dropped. After the reply, Call.IsEstimated tells whether
// its usage was estimated.
//
// Call Native for a request that needs no translation: it removes thinking that came from
// an upstream of another dialect.
//
// Every dialect has one reader and one writer for requests and for replies; gemini, which
// no upstream speaks here, has only a reader of requests and a writer of replies, and
// converse, which no client speaks, the other two. The types
// request and reply are between them. So each file has one side of the mapping:
// read_messages_request.go, write_chat_request.go and so on.
//
// Values move as raw JSON: strings are copied as they stand and decoded only where a
// dialect demands it, as for the arguments of tools. The package keeps no state between
// calls but empty buffers, does no I/O and starts no goroutine. A Call does not refer to
// the body that Request was given. The package never decides which dialect an upstream
// speaks, or which errors are worth a retry.
//
// It is by far the largest package, with over 8,000 lines, because three dialects have a
// reader and a writer each for requests, replies and streams, and two have half of them.
// All of these share the unexported types. A package for each dialect would have to export
// every field of those types, the helpers for raw JSON, and the assembler, whose fields the
// readers of replies change: more than it would hide.
package translate

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// Dialect is the form of requests and replies.
type Dialect uint8

// The dialects, by the last part of their path.
const (
	Chat      Dialect = iota // /v1/chat/completions
	Messages                 // /v1/messages
	Responses                // /v1/responses
	Gemini                   // /v1beta/models/M:generateContent; a client's dialect only
	Converse                 // Amazon Bedrock's /model/M/converse; an upstream's dialect only
	dialectCount
)

// String returns the dialect's name: chat, messages, responses, gemini or converse.
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
	case Converse:
		return "converse"
	}
	return fmt.Sprintf("dialect %d", uint8(d))
}

// Options is what the router knows of the call and of the upstream. The zero value is
// valid.
type Options struct {
	Model   string    // the model that replies name: the client's word for it; "": the upstream's
	ID      string    // part of the ids that are made here: unique to the call; letters, digits, '-', '_'; "": a time
	Created time.Time // the time of creation that replies name; zero: now
	Stream  bool      // gemini client: it asked for a stream, which its path says

	UpstreamModel []byte // the upstream's name of the model, as a JSON string; nil: the body has it
	MaxTokens     int    // messages or converse upstream: the limit of tokens when the client names none; 0: 8192
	MaxTokensName string // chat upstream: its name for the limit; "": max_tokens
	Effort        bool   // chat or converse upstream: it takes reasoning_effort
	Claude        bool   // converse upstream: its model is one of Anthropic's
	CachePoints   bool   // converse upstream: its model takes cache points
	CacheHour     bool   // converse upstream: a cache point may last an hour
	Adaptive      bool   // messages or converse upstream: its model takes output_config.effort, not a budget for thinking
	ReasoningBack bool   // chat upstream: it wants its own reasoning_content back
	Thoughts      bool   // chat upstream: it wants the thought signatures of its tool calls back (Gemini)
	Details       bool   // chat upstream: it wants its reasoning_details back (OpenRouter)
	TextParts     bool   // chat upstream: it takes several texts in one message; else they are joined
	NoImages      bool   // the upstream's model takes no images
	NoFiles       bool   // the upstream's model takes no files
	NoFormat      bool   // the upstream's model takes no JSON schema for its reply
	Strict        bool   // drop_params is false: a parameter that the upstream's dialect lacks is refused

	// Reserve reserves memory, in bytes, that a translation needs besides the bodies, and
	// reports whether there was enough; nil: memory is not limited.
	Reserve func(bytes int) bool
}

// RequestError is the error of a request with a member that the upstream's dialect cannot
// express. The router answers 400 with it.
type RequestError struct {
	Member string // path of the member, without indices
	Reason string // why it cannot be sent, and what to do
}

// Error names the member and the reason.
func (e *RequestError) Error() string { return e.Member + ": " + e.Reason }

// Call is what translating the reply to one request needs to know of that request.
type Call struct {
	from, to Dialect // the client's dialect, the upstream's
	opts     Options

	stream    bool                // the client asked for a stream
	usage     bool                // chat client: it asked for usage in the stream
	thoughts  bool                // gemini client: it asked for what the model thought
	dropped   []string            // what Dropped returns
	names     map[string]toolName // by the upstream's name
	echo      echo
	prompt    int    // about how many tokens the request has
	estimated bool   // what IsEstimated returns
	told      *usage // of the stream; nil without one

	hasFormatTool bool // the model answers by calling formatTool
}

// IsStream reports whether the client asked for a stream.
func (c *Call) IsStream() bool { return c.stream }

// IsEstimated reports whether the usage of the reply is an estimate, because the upstream
// sent none.
func (c *Call) IsEstimated() bool { return c.estimated }

// StreamTokens returns the tokens that the upstream's stream has told so far.
func (c *Call) StreamTokens() record.Tokens {
	if c.told == nil {
		return record.Tokens{}
	}
	return record.Tokens{
		Known: c.told.isKnown || c.estimated, Estimated: c.estimated,
		Input: c.told.input, Cached: c.told.cacheRead, CacheWrite: c.told.cacheWrite,
		CacheWriteHour: c.told.hourWrite,
		Output:         c.told.output, Reasoning: min(c.told.reasoning, c.told.output),
	}
}

// Dropped names the members of the request that the upstream did not get, by
// their path without indices, in the order in which they were found.
func (c *Call) Dropped() []string { return c.dropped }

// Size returns how many bytes of the request the call keeps for the reply.
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
	c.setDefaults()
	return c
}

// setDefaults sets the options ID and Created if they are empty.
func (c *Call) setDefaults() {
	if c.opts.Created.IsZero() {
		c.opts.Created = time.Now()
	}
	if c.opts.ID == "" {
		c.opts.ID = fmt.Sprintf("%x", c.opts.Created.UnixNano())
	}
}

// Request translates a request body from the client's dialect to the upstream's. It does
// not change body. Its error is a *RequestError or ErrMemory.
func Request(from, to Dialect, body []byte, opts Options) ([]byte, *Call, error) {
	return AppendRequest(make([]byte, 0, EstimateSize(body)), from, to, body, opts)
}

// EstimateSize returns the size in bytes that a translated request is unlikely to exceed.
func EstimateSize(body []byte) int { return len(body) + len(body)/8 + 512 }

// AppendRequest is like Request, but appends the upstream's body to out, whose length must
// be 0.
func AppendRequest(out []byte, from, to Dialect, body []byte, opts Options) ([]byte, *Call, error) {
	c := &Call{from: from, to: to, opts: opts}
	c.setDefaults()
	r := &request{Call: c}
	r.takeBuffers()
	defer r.returnBuffers()
	s := &scan{doc: body, element: r.reserve}
	r.read(from, s)
	c.opts.Reserve = nil
	switch err := s.checkEnd(); {
	case r.isOutOfMemory:
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
	case Converse:
		out = r.appendConverse(out)
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

// Limits of the header that names what was dropped, so that every server accepts it.
const (
	maxDropped       = 40 // members
	maxDroppedMember = 80 // bytes
)

// drop records a member that the upstream does not get. path is the path of the object that
// has the member, with a dot at its end.
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
	case n < maxDropped && !slices.Contains(c.dropped, name):
		c.dropped = append(c.dropped, name)
	case n == maxDropped:
		c.dropped = append(c.dropped, "...")
	}
}

// headerChar returns c, or a question mark for a character that a header cannot hold or that
// separates its values.
func headerChar(c rune) rune {
	if c <= ' ' || c >= 0x7f || c == ',' {
		return '?'
	}
	return c
}

// clone returns a copy of a value, which outlives the body that the value stands in.
func clone(value []byte) []byte { return bytes.Clone(value) }
