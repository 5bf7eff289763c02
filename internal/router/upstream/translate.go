package upstream

import (
	"bytes"
	"errors"
	"slices"

	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/failure"
	"github.com/flowgate-go/flowgate/internal/router/reply"
	"github.com/flowgate-go/flowgate/internal/router/request"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/router/splice"
	"github.com/flowgate-go/flowgate/internal/router/translate"
)

// translatedDialects maps the dialects that can be translated to those of package translate.
var translatedDialects = map[dialect.Dialect]translate.Dialect{
	dialect.Chat: translate.Chat, dialect.Messages: translate.Messages, dialect.Responses: translate.Responses,
	dialect.Gemini: translate.Gemini, dialect.Compact: translate.Responses,
	dialect.Converse: translate.Converse,
}

// prepareBody chooses the dialect of the request to d, and makes a body for d when the
// client's body is not suitable.
func (x *Exchange) prepareBody(d *deployment.Deployment) *failure.Failure {
	in := x.request.Dialect
	x.dropRewritten()
	x.call = nil
	x.out, _ = d.OutgoingDialect(in) // package route chooses only deployments that have one
	switch {
	case x.isCompacting():
		return x.prepareCompaction(d)
	case x.out != in:
		return x.translate(d)
	}
	if in.IsAnthropic() || in.IsGoogle() || in == dialect.Responses {
		if f := x.removeForeignThinking(d); f != nil {
			return f
		}
	}
	if f := x.addGeneration(d); f != nil {
		return f
	}
	return x.dropMembers(d)
}

// dropBody drops the body for the upstream after that was sent, since a stream may last
// for a long time.
func (x *Exchange) dropBody() {
	x.dropRewritten()
	if x.call != nil {
		x.hold(x.call.Size())
	}
}

// dropRewritten drops the body that was made for an attempt. It keeps the buffer of the
// body for other requests if the Transport has closed every reader of it.
func (x *Exchange) dropRewritten() {
	x.loan.Release(x.held)
	x.buffer.put(x.rewritten)
	x.rewritten, x.buffer, x.held = nil, nil, 0
}

// hold takes n more bytes of the loan for the attempt.
func (x *Exchange) hold(n int) *failure.Failure {
	if x.loan.Take(int64(n)) != nil {
		return failure.MemoryExhausted()
	}
	x.held += int64(n)
	return nil
}

// copyBody returns a copy of the client's body with the changes c, and holds its size.
func (x *Exchange) copyBody(c request.Changes) ([]byte, *failure.Failure) {
	if f := x.hold(x.request.BodySize()); f != nil {
		return nil, f
	}
	const room = 256 // for the model's name and for defaults
	return x.request.AppendBody(make([]byte, 0, x.request.BodySize()+room), c), nil
}

// changes returns the changes that d needs in a request that is not translated.
func (x *Exchange) changes(d *deployment.Deployment) request.Changes {
	return request.Changes{Model: d.ModelLiteral, ModelName: d.Upstream, Defaults: d.Defaults[x.out],
		NewName: d.ReplacementName(x.out), Dropped: d.Dropped}
}

// removeForeignThinking makes a body for a deployment with the client's dialect, if the
// conversation has thinking from an upstream with another dialect, or may have reasoning
// that isForeign reports. The body is without both.
func (x *Exchange) removeForeignThinking(d *deployment.Deployment) *failure.Failure {
	in := translate.Messages
	switch {
	case x.out == dialect.Responses:
		in = translate.Responses
	case x.out.IsGoogle():
		in = translate.Gemini
	}
	mayHaveForeign := x.isForeign != nil && x.out == dialect.Responses
	hasMark := !d.IsFlowGate() && x.request.Holds(in.Mark())
	if !mayHaveForeign && !hasMark {
		return nil
	}
	body, f := x.copyBody(x.changes(d))
	if f == nil {
		f = x.hold(len(body))
	}
	if f != nil {
		return f
	}
	if x.rewritten = body; hasMark {
		x.rewritten = translate.Native(in, body)
	}
	if mayHaveForeign {
		x.rewritten = translate.WithoutReasoning(x.rewritten, func(state []byte) bool { return x.isForeign(d, state) })
	}
	return nil
}

// translate translates the request for an upstream that does not have the client's
// dialect. A request that the upstream's dialect cannot express is the client's fault, but
// another deployment may have the client's dialect.
func (x *Exchange) translate(d *deployment.Deployment) *failure.Failure {
	changes := request.Changes{Model: d.ModelLiteral}
	switch x.out {
	case dialect.Messages:
		changes.Defaults = d.BeforeMessages[x.request.Dialect]
	case dialect.Converse: // its parameters are in objects of their own
		changes.Defaults = d.Defaults[x.request.Dialect]
	}
	body, isWhole := x.request.UneditedBody(changes)
	f := x.hold(len(body) + len(body)/8)
	if f == nil && !isWhole {
		body, f = x.copyBody(changes)
	}
	if f != nil {
		return f
	}
	if x.hasDroppedMember(d) {
		body = withoutDropped(d, body)
	}
	return x.translateBody(d, body)
}

// translateBody translates a body: the client's, or one that was made from it.
func (x *Exchange) translateBody(d *deployment.Deployment, body []byte) *failure.Failure {
	from, to := translatedDialects[x.request.Dialect], translatedDialects[x.out]
	var err error
	size := translate.EstimateSize(body)
	x.buffer = takeBuffer(size)
	opts := x.options(d)
	opts.Reserve = func(bytes int) bool { return x.hold(bytes) == nil }
	x.rewritten, x.call, err = translate.AppendRequest(x.buffer.room(size), from, to, body, opts)
	switch {
	case err == nil:
		if len(d.Refused) > 0 {
			x.rewritten = splice.Without(x.rewritten, func(key []byte) bool { return slices.Contains(d.Refused, string(key)) })
		}
		x.rewritten = addDefaults(x.rewritten, d.Defaults[x.out])
		x.loan.Release(x.held)
		x.held = 0
		return x.hold(heldSize(x.rewritten) + x.call.Size())
	case errors.Is(err, translate.ErrMemory):
		return failure.MemoryExhausted()
	}
	f := failure.BadRequest("", err.Error())
	if e := (*translate.RequestError)(nil); errors.As(err, &e) {
		f.Param = e.Member
	}
	f.Deployment, f.Sibling = d, true
	return f
}

// addDefaults adds the default members that an object does not have. Nothing but white space
// may follow the object.
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
	isEmpty := len(names) == 0
	for i := range defaults {
		if !slices.ContainsFunc(names, defaults[i].SaysSame) {
			text := defaults[i].Text
			if isEmpty {
				text, isEmpty = text[1:], false // without the comma
			}
			body = append(body, text...)
		}
	}
	return append(body, '}')
}

// options returns the options of a translation: those of the request and those of d.
func (x *Exchange) options(d *deployment.Deployment) translate.Options {
	o := optionsOf(d.Deployment)
	o.Model, o.ID, o.Created, o.UpstreamModel = x.request.Model, x.request.ID, x.sender.Now(), d.ModelLiteral
	o.Stream, o.Strict = x.request.Stream, x.refusesUnknownParams(d)
	o.NoFormat = o.NoFormat || (x.out == dialect.Messages || x.out == dialect.Converse) && d.NoOutputFormat
	return o
}

// optionsOf returns the options of a translation that depend only on a deployment.
func optionsOf(d *settings.Deployment) translate.Options {
	return translate.Options{
		MaxTokens: d.MaxOutputTokens, MaxTokensName: d.MaxTokensName, Effort: d.TakesEffort, Adaptive: d.Adaptive,
		ReasoningBack: d.ReasoningBack, Thoughts: d.ThoughtsBack, Details: d.DetailsBack, TextParts: d.TextParts,
		Claude: d.Claude, CachePoints: d.CachePoints, CacheHour: d.CacheHour,
		NoImages: d.NoImages, NoFiles: d.NoFiles, NoFormat: d.NoFormat,
	}
}

// Losses returns the parameters that a deployment does not get when requests are translated
// from the dialect in into the dialect out, by their names in the first.
func Losses(d *settings.Deployment, in, out dialect.Dialect) []string {
	from, to := translatedDialects[in], translatedDialects[out]
	if from == to { // a compaction is asked for in the Responses API
		return nil
	}
	return translate.Losses(from, to, optionsOf(d))
}

// translateWhole translates an unstreamed reply into the client's dialect.
func (x *Exchange) translateWhole(a *reply.Answer) *failure.Failure {
	if x.loan.Take(2*int64(len(a.Body))) != nil { // the parsed reply and the translated one
		return failure.MemoryExhausted()
	}
	body, err := x.call.Reply(a.Body)
	if err != nil {
		return failure.InvalidReply(a.Deployment, a.Body, x.sender.Strict)
	}
	a.Body, a.ModelStart, a.ModelEnd = body, 0, 0
	a.UsageEstimated = x.call.IsEstimated()
	return nil
}

// isCollectable reports whether a stream in the dialect out can be turned into one reply.
func isCollectable(out dialect.Dialect) bool {
	_, ok := translatedDialects[out]
	return ok && !out.IsGoogle()
}

// collect turns an upstream's stream, whose beginning is in x.body, into one reply, for a
// client that did not ask for a stream. err is the error of the last read.
func (x *Exchange) collect(a *reply.Answer, err error) *failure.Failure {
	if f := x.readRest(a, -1, err); f != nil {
		return f
	}
	if x.loan.Take(2*int64(len(x.body))) != nil {
		return failure.MemoryExhausted()
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
