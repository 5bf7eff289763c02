package upstream

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"

	"github.com/flowgate-go/flowgate/internal/router/aws"
	"github.com/flowgate-go/flowgate/internal/router/decode"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/failure"
	"github.com/flowgate-go/flowgate/internal/router/memory"
	"github.com/flowgate-go/flowgate/internal/router/reply"
	"github.com/flowgate-go/flowgate/internal/router/splice"
	"github.com/flowgate-go/flowgate/internal/router/usage"
	"github.com/flowgate-go/flowgate/internal/router/watchdog"
)

// maxFirstBuffer is the largest buffer, in bytes, that is allocated for a reply because of the
// length that its header announces.
const maxFirstBuffer = 1 << 20

// receive reads a whole reply, or a stream up to its first content. The first bytes
// decide which of the two it is, since the Content-Type may be wrong.
func (x *Exchange) receive(a *reply.Answer, res *http.Response) *failure.Failure {
	if x.request.Stream {
		a.Guard.Progress()
	}
	a.Source = decode.Body(res.Body, res.Header)
	isFrames := aws.IsEventStream(res.Header)
	if res.StatusCode < 200 || res.StatusCode > 299 {
		a.Guard.EndAfter(a.Guard.Elapsed() + errorTimeout)
		return x.refusal(a, res)
	}
	size := res.ContentLength
	if a.Source != res.Body {
		size = -1
	}
	if want := int(max(min(size, maxFirstBuffer), memory.FirstRead)); want > cap(x.body) {
		x.body = make([]byte, 0, want)
	}
	x.body = x.body[:0]
	if kind := x.mediaType(res); kind != "" {
		return x.receiveMedia(a, size, kind)
	}
	if isFrames {
		a.Source, size = aws.Events(a.Source), -1
	}
	form, isCompressed, err := x.readForm(a, isFrames || decode.IsEventStream(res.Header))
	if isCompressed {
		size = -1
	}
	switch {
	case form == decode.Whole:
		return x.readWhole(a, size, err)
	case !x.request.Stream && isCollectable(x.out):
		return x.collect(a, err)
	case x.call != nil:
		x.translateStream(a, err)
		err = nil
	}
	return x.readOpening(a, err)
}

// readForm reads the beginning of a reply into x.body, until it is clear whether the reply
// is a stream. It decompresses a reply whose header does not say that it is compressed.
// isDeclared says that the Content-Type is that of a stream. err is the error of the last
// read.
func (x *Exchange) readForm(a *reply.Answer, isDeclared bool) (form decode.Form, isCompressed bool, err error) {
	for rounds := 0; form == decode.Unknown; {
		var n int
		n, err = a.Source.Read(x.body[len(x.body):cap(x.body)])
		x.body = x.body[:len(x.body)+n]
		if name := decode.Compression(x.body); name != "" && rounds < decode.MaxCodings {
			a.Source, rounds = decode.Rest(x.body, a.Source, name), rounds+1
			x.body, isCompressed = x.body[:0], true
			continue
		}
		form = decode.Recognize(x.body, isDeclared)
		if form == decode.Unknown && (err != nil || len(x.body) == cap(x.body)) {
			form = decode.Declared(isDeclared)
		}
	}
	return form, isCompressed, err
}

// readWhole reads the rest of an unstreamed reply, whose beginning is in x.body, and
// inspects it. A body that is not a complete JSON object is a failure: a web page, a reply
// that was cut off, or an empty one. So is an error with status 200. err is the error of
// the last read.
func (x *Exchange) readWhole(a *reply.Answer, size int64, err error) *failure.Failure {
	if f := x.readRest(a, size, err); f != nil {
		return f
	}
	return x.inspectWhole(a)
}

// inspectWhole checks the unstreamed reply in x.body, finds the model in it, and translates
// it where the request was translated.
func (x *Exchange) inspectWhole(a *reply.Answer) *failure.Failure {
	a.Body = a.Deployment.RedactReply(bytes.TrimPrefix(x.body, []byte(decode.ByteOrderMark)))
	var scan dialect.ReplyScan
	err := splice.Members(a.Body, func(key []byte, start, end int) bool {
		if string(key) == "model" && a.Body[start] == '"' {
			a.ModelStart, a.ModelEnd = start, end
		}
		if usage.IsUsageKey(key) {
			a.Usage = a.Body[start:end]
		}
		scan.Member(key, a.Body[start:end])
		return true
	})
	switch {
	case err != nil:
		if first := dialect.FirstElement(a.Body); dialect.IsErrorObject(first) {
			return x.errorInReply(a, first)
		}
		return failure.InvalidReply(a.Deployment, a.Body, x.sender.Strict)
	case scan.IsError():
		return x.errorInReply(a, a.Body)
	case x.call != nil:
		return x.translateWhole(a)
	}
	return nil
}

// readRest reads the rest of a reply into x.body, which holds its beginning. size is its
// length in bytes, -1 if unknown; err is the error of the last read.
func (x *Exchange) readRest(a *reply.Answer, size int64, err error) *failure.Failure {
	limit := x.sender.MaxBody
	if err == nil {
		var source io.Reader = a.Source
		if x.request.Stream { // the time limit is one on silence
			source = progressReader{source, a.Guard}
		}
		x.body, err = x.loan.ReadAll(x.body, source, size, limit)
	}
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return x.unreadableReply(a, err)
	case int64(len(x.body)) > limit:
		return failure.InvalidReply(a.Deployment, x.body, x.sender.Strict)
	}
	return nil
}

// progressReader is a reader that reports progress to a guard with each read.
type progressReader struct {
	io.Reader
	guard *watchdog.Guard
}

// Read reads the next piece.
func (r progressReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.guard.Progress()
	return n, err
}

// readOpening reads a stream, whose beginning is in x.body, up to its first event with
// content. A failure before that event can still be retried and has a status. err is the
// error of the last read.
func (x *Exchange) readOpening(a *reply.Answer, err error) *failure.Failure {
	a.Events = x.newStream()
	x.writer.HoldOpening(a)
	for piece := x.body; ; {
		if x.writer.AppendOpening(a, piece, err != nil) {
			return nil
		}
		if f := x.openingFailure(a, err); f != nil {
			x.writer.DropOpening()
			return f
		}
		piece, err = x.writer.ReadPiece(a.Source)
		a.Guard.Progress()
	}
}

// openingFailure returns the failure of a stream that ended before its first content, nil
// when it has not ended. err is the error of the last read.
func (x *Exchange) openingFailure(a *reply.Answer, err error) *failure.Failure {
	switch {
	case a.Events.Failed:
		return x.errorInReply(a, a.Events.Error)
	case a.Events.Done || errors.Is(err, io.EOF):
		return failure.InvalidReply(a.Deployment, slices.Concat(x.writer.Opening(), a.Events.Held()), x.sender.Strict)
	case err != nil:
		return x.unreadableReply(a, err)
	}
	return nil
}

// errorInReply returns the failure for an error that came in a reply with a good status.
// body is the JSON of the error.
func (x *Exchange) errorInReply(a *reply.Answer, body []byte) *failure.Failure {
	return failure.ErrorInReply(a.Deployment, x.out, a.Header, body, x.sender.Now())
}

// unreadableReply returns the failure of a reply whose body could not be read because of
// err.
func (x *Exchange) unreadableReply(a *reply.Answer, err error) *failure.Failure {
	if errors.Is(err, memory.ErrExhausted) {
		return failure.MemoryExhausted()
	}
	return failure.UnreadableReply(x.request.HTTP.Context(), a.Deployment, a.Guard, err)
}

// refusal returns the failure of a reply whose status is not 2xx.
func (x *Exchange) refusal(a *reply.Answer, res *http.Response) *failure.Failure {
	if res.StatusCode < 400 {
		return failure.NonFinalStatus(a.Deployment, x.request.Dialect, res.StatusCode)
	}
	body := readErrorBody(a.Source)
	if a.Deployment.IsCloud() {
		return x.cloudRefusal(a, res, body)
	}
	if x.call != nil && !a.Deployment.IsRouteMissing(x.out, res.StatusCode, body) {
		body = x.call.Error(res.StatusCode, body)
		return failure.Refusal(a.Deployment, x.request.Dialect, res.StatusCode, res.Header, body, x.sender.Now())
	}
	return failure.Refusal(a.Deployment, x.out, res.StatusCode, res.Header, body, x.sender.Now())
}

// readErrorBody reads the body of an error, at most failure.MaxErrorText bytes. It returns
// the first data of an event stream, and the first element of a list.
func readErrorBody(source io.Reader) []byte {
	body, _ := io.ReadAll(io.LimitReader(source, failure.MaxErrorText)) // what came before a read error is all there is
	for range decode.MaxCodings {
		name := decode.Compression(body)
		if name == "" {
			break
		}
		rest := decode.Rest(body, io.NopCloser(bytes.NewReader(nil)), name)
		body, _ = io.ReadAll(io.LimitReader(rest, failure.MaxErrorText))
	}
	body = bytes.TrimPrefix(body, []byte(decode.ByteOrderMark))
	if decode.Recognize(body, false) == decode.Stream {
		for line := range bytes.Lines(body) {
			if data, ok := bytes.CutPrefix(line, []byte("data:")); ok {
				return bytes.TrimSpace(data)
			}
		}
	}
	return dialect.FirstElement(body)
}
