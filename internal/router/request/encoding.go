package request

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/decode"
	"github.com/flowgate-go/flowgate/internal/router/failure"
)

// acceptedEncodings are the values of Content-Encoding that a request's body may have.
const acceptedEncodings = "gzip, deflate, br, zstd"

// decodedSource reads a request's body with its encodings undone.
type decodedSource struct {
	io.ReadCloser
	limited *io.LimitedReader
}

// Read reads decoded bytes. The error is errBodyTooLong when the encoded ones are too many.
func (s *decodedSource) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if err != nil && s.limited.N <= 0 {
		err = errBodyTooLong
	}
	return n, err
}

// errBodyTooLong means that the encoded body exceeds the limit.
var errBodyTooLong = errors.New("the compressed body is too long")

// bodySource returns a reader of the decoded body, which has at most limit encoded
// bytes. The closer is nil when the body is not encoded.
func (q *Request) bodySource(limit int64) (io.Reader, io.Closer, *failure.Failure) {
	values := q.HTTP.Header["Content-Encoding"]
	if len(values) == 0 {
		return q.HTTP.Body, nil, nil
	}
	var names []string
	for name := range strings.SplitSeq(strings.ToLower(strings.Join(values, ",")), ",") {
		switch name = strings.TrimSpace(name); name {
		case "", "identity":
		case "gzip", "x-gzip", "deflate", "br", "zstd":
			names = append(names, name)
		default:
			return nil, nil, unsupportedEncoding(name)
		}
	}
	switch {
	case len(names) > decode.MaxCodings:
		return nil, nil, unsupportedEncoding(strings.Join(names, ", "))
	case len(names) == 0:
		return q.HTTP.Body, nil, nil
	}
	limited := &io.LimitedReader{R: q.HTTP.Body, N: limit + 1}
	s := &decodedSource{decode.Chain(io.NopCloser(limited), names), limited}
	return s, s, nil
}

// unsupportedEncoding returns the failure of a body whose encoding is unknown.
func unsupportedEncoding(name string) *failure.Failure {
	f := failure.BadRequest("content-encoding", fmt.Sprintf("Content-Encoding %q is not supported, only %s: "+
		"switch the compression of requests off in the client (Codex: features.enable_request_compression = false)",
		failure.Shorten(name), acceptedEncodings))
	f.Status = http.StatusUnsupportedMediaType
	return f
}

// checkBody refuses a body whose first bytes are not those of JSON in UTF-8, and
// removes a byte order mark.
func (q *Request) checkBody() *failure.Failure {
	if len(q.body) < 2 || q.body[0] == '{' || q.boundary != "" {
		return nil
	}
	if name := decode.Compression(q.body); name != "" {
		f := failure.BadRequest("content-encoding", "The body is compressed, but the request has no "+
			"Content-Encoding: "+name)
		f.Status = http.StatusUnsupportedMediaType
		return f
	}
	if bytes.HasPrefix(q.body, []byte{0xff, 0xfe}) || bytes.HasPrefix(q.body, []byte{0xfe, 0xff}) {
		return failure.BadRequest("request_body", "Invalid JSON payload: the body is UTF-16, and JSON is UTF-8")
	}
	if bytes.HasPrefix(q.body, []byte(decode.ByteOrderMark)) {
		q.body = slices.Delete(q.body, 0, len(decode.ByteOrderMark))
	}
	return nil
}
