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

// acceptedEncodings is the list of the Content-Encodings that a request's body may have.
const acceptedEncodings = "gzip, deflate, br, zstd"

// decodedSource reads and decodes a request's body.
type decodedSource struct {
	io.ReadCloser
	limited *io.LimitedReader // the encoded bytes
}

// Read reads decoded bytes. The error is errBodyTooLong when there are too many encoded bytes.
func (s *decodedSource) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if err != nil && s.limited.N <= 0 {
		err = errBodyTooLong
	}
	return n, err
}

// errBodyTooLong means that the encoded body is longer than the limit.
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

// unsupportedEncoding returns the failure of a body whose encoding is not supported.
func unsupportedEncoding(name string) *failure.Failure {
	f := failure.BadRequest("content-encoding", fmt.Sprintf("Content-Encoding %q is not supported, only %s: "+
		"switch the compression of requests off in the client (Codex: features.enable_request_compression = false)",
		failure.Shorten(name), acceptedEncodings))
	f.Status = http.StatusUnsupportedMediaType
	return f
}

// checkBody refuses a JSON body that is compressed or in UTF-16 by its first bytes, and
// removes a byte order mark of UTF-8.
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
