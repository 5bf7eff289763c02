package upstream

import (
	"bytes"
	"errors"
	"io"
	"slices"

	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/failure"
	"github.com/flowgate-go/flowgate/internal/router/reply"
	"github.com/flowgate-go/flowgate/internal/router/request"
	"github.com/flowgate-go/flowgate/internal/router/splice"
	"github.com/flowgate-go/flowgate/internal/router/translate"
	"github.com/flowgate-go/flowgate/internal/router/watchdog"
)

// translatedDialects are the dialects that package translate knows.
var translatedDialects = map[dialect.Dialect]translate.Dialect{
	dialect.Chat: translate.Chat, dialect.Messages: translate.Messages, dialect.Responses: translate.Responses,
}

// translate decides how the upstream is asked, and translates the request where it
// does not have the client's dialect. What cannot be said there is the client's
// fault; another deployment may have the dialect.
func (x *Exchange) translate(d *deployment.Deployment) *failure.Failure {
	in := x.request.Dialect
	x.call, x.translated = nil, nil
	if x.out, _ = d.OutgoingDialect(in); x.out == in { // route asks only deployments that have one
		return nil
	}
	change := request.Changes{Model: d.ModelLiteral}
	if x.out == dialect.Messages {
		change.Defaults = d.BeforeMessages[in]
	}
	body := x.request.AppendBody(nil, change)
	var err error
	x.translated, x.call, err = translate.Request(translatedDialects[in], translatedDialects[x.out], body, x.options(d))
	if err == nil {
		x.translated = addDefaults(x.translated, d.Defaults[x.out])
		return nil
	}
	f := failure.BadRequest("", err.Error())
	if e := (*translate.RequestError)(nil); errors.As(err, &e) {
		f.Param = e.Member
	}
	f.Deployment, f.Sibling = d, true
	return f
}

// addDefaults adds the members that a translated request does not have. The request
// is an object without anything behind it.
func addDefaults(body []byte, defaults []dialect.Member) []byte {
	if len(defaults) == 0 {
		return body
	}
	var names [][]byte
	err := splice.Members(body, func(key []byte, _, _ int) bool {
		names = append(names, bytes.Clone(key))
		return true
	})
	if err != nil { // translate.Request writes whole objects
		return body
	}
	body = body[:bytes.LastIndexByte(body, '}')]
	for i := range defaults {
		if !slices.ContainsFunc(names, defaults[i].SaysSame) {
			body = append(body, defaults[i].Text...)
		}
	}
	return append(body, '}')
}

// options returns what is known of the call and of the deployment.
func (x *Exchange) options(d *deployment.Deployment) translate.Options {
	return translate.Options{
		Model: x.request.Model, ID: x.request.ID, Created: x.sender.Now(),
		MaxTokensName: d.MaxTokensName, Effort: d.TakesEffort, ReasoningBack: d.ReasoningBack, MaxTokens: d.MaxOutputTokens,
		Strict: x.sender.Settings.RefuseUnknownParams,
	}
}

// translateWhole turns the upstream's whole reply into the client's.
func (x *Exchange) translateWhole(a *reply.Answer) *failure.Failure {
	body, err := x.call.Reply(a.Body)
	if err != nil {
		return failure.InvalidReply(a.Deployment, a.Body, x.sender.Strict)
	}
	a.Body, a.ModelStart, a.ModelEnd = body, 0, 0
	a.UsageEstimated = x.call.IsEstimated()
	return nil
}

// isTranslatable reports whether package translate knows a dialect.
func isTranslatable(in dialect.Dialect) bool {
	_, ok := translatedDialects[in]
	return ok
}

// collect makes one reply of an upstream's stream, whose beginning is in body, for a
// client that asked for none. err is that of the last read.
func (x *Exchange) collect(a *reply.Answer, err error) *failure.Failure {
	if f := x.readRest(a, -1, err); f != nil {
		return f
	}
	call := x.call
	if call == nil {
		call = translate.NewCall(translatedDialects[x.request.Dialect], x.options(a.Deployment))
	}
	body, err := call.Collect(a.Deployment.RedactReply(x.body))
	if e := (*translate.ReplyError)(nil); errors.As(err, &e) {
		return x.errorInReply(a, dialect.EncodeJSON(map[string]any{"error": map[string]any{"message": e.Message}}))
	}
	a.Body, a.UsageEstimated = body, call.IsEstimated()
	return nil
}

// translateStream makes the source of a stream, whose beginning is in body, one that
// reads as if the upstream spoke the client's dialect. err is that of the last read.
func (x *Exchange) translateStream(a *reply.Answer, err error) {
	first := bytes.Clone(x.body)
	x.body = x.body[:0]
	a.Source = &translatedStream{source: a.Source, guard: a.Guard, stream: x.call.Stream(), first: first, err: err}
}

// translatedStream reads an upstream's stream in the client's dialect.
type translatedStream struct {
	source io.ReadCloser
	guard  *watchdog.Guard
	stream *translate.Stream
	first  []byte // of the upstream's, read already
	out    []byte // translated, and not read yet
	chunk  [8 << 10]byte
	err    error // after which nothing more is read of the upstream
	isDone bool  // the stream's end was translated
}

// Read reads what the client gets next. It returns the upstream's error as it is: the
// reader ends the client's stream with it.
func (s *translatedStream) Read(p []byte) (int, error) {
	for len(s.out) == 0 {
		if s.err != nil && s.first == nil {
			return 0, s.err
		}
		piece := s.first
		if s.first = nil; piece == nil {
			var n int
			n, s.err = s.source.Read(s.chunk[:])
			piece = s.chunk[:n]
			s.guard.Progress()
		}
		s.out = s.stream.Append(s.out[:0], piece)
		if errors.Is(s.err, io.EOF) && !s.isDone {
			s.out, s.isDone = s.stream.End(s.out), true
		}
		if s.stream.IsOver() && s.err == nil {
			s.err, s.isDone = io.EOF, true
		}
	}
	n := copy(p, s.out)
	s.out = s.out[n:]
	return n, nil
}

// Close closes the upstream's stream.
func (s *translatedStream) Close() error { return s.source.Close() }
