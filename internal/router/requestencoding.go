package router

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// acceptedEncodings are the values of Content-Encoding that a request's body may have.
const acceptedEncodings = "gzip, deflate, br, zstd"

// compressedSource reads a request's body with its compression undone.
type compressedSource struct {
	io.ReadCloser
	limited *io.LimitedReader
}

// Read reads plain bytes; the error is errBodyTooLong when the compressed ones are too many.
func (s *compressedSource) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if err != nil && s.limited.N <= 0 {
		err = errBodyTooLong
	}
	return n, err
}

var errBodyTooLong = errors.New("the compressed body is too long")

// bodySource is what the request's body is read from. The closer is nil when
// the body is not compressed.
func (c *call) bodySource(limit int64) (io.Reader, io.Closer, *failure) {
	values := c.req.Header["Content-Encoding"]
	if len(values) == 0 {
		return c.req.Body, nil, nil
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
	case len(names) > maxCodings:
		return nil, nil, unsupportedEncoding(strings.Join(names, ", "))
	case len(names) == 0:
		return c.req.Body, nil, nil
	}
	limited := &io.LimitedReader{R: c.req.Body, N: limit + 1}
	s := &compressedSource{decodeChain(io.NopCloser(limited), names), limited}
	return s, s, nil
}

// unsupportedEncoding is the failure for a body that the router cannot read.
func unsupportedEncoding(name string) *failure {
	f := badRequest("content-encoding", fmt.Sprintf("Content-Encoding %q is not supported, only %s: switch the compression of requests off in the client (Codex: features.enable_request_compression = false)",
		shorten(name), acceptedEncodings))
	f.status = http.StatusUnsupportedMediaType
	return f
}

// checkBody refuses bodies whose first bytes say that they are not JSON in
// UTF-8, and takes a byte order mark away.
func (c *call) checkBody() *failure {
	if len(c.body) < 2 || c.body[0] == '{' {
		return nil
	}
	if name := compressedAs(c.body); name != "" {
		f := badRequest("content-encoding", "The body is compressed, but the request has no Content-Encoding: "+name)
		f.status = http.StatusUnsupportedMediaType
		return f
	}
	if bytes.HasPrefix(c.body, []byte{0xff, 0xfe}) || bytes.HasPrefix(c.body, []byte{0xfe, 0xff}) {
		return badRequest("request_body", "Invalid JSON payload: the body is UTF-16, and JSON is UTF-8")
	}
	if bytes.HasPrefix(c.body, []byte(byteOrderMark)) {
		c.body = slices.Delete(c.body, 0, len(byteOrderMark))
	}
	return nil
}
