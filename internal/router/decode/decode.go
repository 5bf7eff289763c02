// Package decode undoes the content encodings of HTTP bodies, and recognizes a body by
// its first bytes. Call Body for a reply, Chain for a request whose encodings
// are known; Recognize tells a stream of events from a whole reply.
//
// Where the first bytes of a body contradict its header, the bytes count: servers announce
// gzip and send plain text, and the reverse.
package decode

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// MaxCodings is the largest number of encodings that one body may have.
const MaxCodings = 4

// maxZstdWindow is the largest window, in bytes, that a decoder of HTTP content must support (RFC 9659).
const maxZstdWindow = 8 << 20

// Error is the error of bytes that are not in the encoding that their Content-Encoding names.
type Error struct {
	Coding string // the name of the encoding
	Err    error  // the decoder's error
}

// Error names the encoding and the cause.
func (e *Error) Error() string { return fmt.Sprintf("decode %s: %v", e.Coding, e.Err) }

// Unwrap returns the decoder's error.
func (e *Error) Unwrap() error { return e.Err }

// errUnsupported is the cause of an Error for an unknown encoding.
var errUnsupported = errors.New("this encoding is not supported")

// decodedBody reads a body through the decoders of its encodings.
type decodedBody struct {
	io.Reader
	body    *trackedBody
	codings []*coding
}

// Close closes the decoders and the body.
func (d *decodedBody) Close() error {
	for _, c := range d.codings {
		c.close()
	}
	return d.body.Close()
}

// trackedBody is a body that keeps its read error, so that a broken connection can be
// distinguished from bytes that cannot be decoded.
type trackedBody struct {
	io.ReadCloser
	err error
}

// Read reads from the body.
func (b *trackedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}

// Body returns a reader of body that undoes the encodings that header names, or body
// itself when it names none. Body itself reads nothing.
func Body(body io.ReadCloser, header http.Header) io.ReadCloser {
	values := header["Content-Encoding"]
	if len(values) == 0 {
		return body
	}
	var names []string
	for name := range strings.SplitSeq(strings.ToLower(strings.Join(values, ",")), ",") {
		if name = strings.TrimSpace(name); name != "" && name != "identity" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return body
	}
	return Chain(body, names)
}

// Chain returns a reader of body that undoes the named encodings, the last one first.
// Chain itself reads nothing.
func Chain(body io.ReadCloser, names []string) io.ReadCloser {
	tracked := &trackedBody{ReadCloser: body}
	d := &decodedBody{Reader: tracked, body: tracked}
	if len(names) > MaxCodings {
		names = []string{strings.Join(names, ", ")} // this name is unsupported, unless the bytes are plain
	}
	for i := len(names) - 1; i >= 0; i-- {
		c := &coding{name: names[i], body: tracked, in: bufio.NewReader(d.Reader)}
		d.Reader, d.codings = c, append(d.codings, c)
	}
	return d
}

// Rest is Chain for one encoding and a body whose first bytes, head, were read already.
func Rest(head []byte, rest io.ReadCloser, name string) io.ReadCloser {
	body := struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(bytes.Clone(head)), rest), rest}
	return Chain(body, []string{name})
}

// coding is a reader that undoes one encoding. The first bytes count more than the
// name, since servers announce gzip and send plain text.
type coding struct {
	name string
	body *trackedBody
	in   *bufio.Reader
	out  io.Reader // nil until the first Read
	zstd *zstd.Decoder
	err  error
}

// Read reads decoded bytes.
func (c *coding) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	if c.out == nil {
		if c.err = c.explain(c.open()); c.err != nil {
			return 0, c.err
		}
	}
	n, err := c.out.Read(p)
	c.err = c.explain(err)
	return n, c.err
}

// explain returns an Error for an error of the decoder, or the read error of the body
// where that is the cause. io.EOF and an Error of another coding stay the same.
func (c *coding) explain(err error) error {
	var inner *Error
	switch {
	case err == nil, errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &inner):
		return err
	case c.body.err != nil:
		return c.body.err
	}
	return &Error{c.name, err}
}

// open creates the decoder that fits the first bytes and the name.
func (c *coding) open() error {
	head, err := c.in.Peek(2)
	if len(head) == 0 && err != nil {
		return err
	}
	for n := len(head) + 1; err == nil && mayBeMark(head); n++ {
		head, err = c.in.Peek(n)
	}
	name, err := c.name, error(nil)
	switch {
	case name != "br" && Compression(head) != "":
		name = Compression(head)
	case name == "br" && head[0] == '[': // stays br: a long brotli stream may begin with it too
	case name == "gzip", name == "x-gzip", name == "zstd", looksPlain(head): // announced, but not there
		name = "identity"
	}
	switch name {
	case "identity":
		c.out = c.in
	case "gzip":
		c.out, err = gzip.NewReader(c.in)
	case "zstd":
		c.zstd, err = zstd.NewReader(c.in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxZstdWindow))
		c.out = c.zstd
	case "br":
		c.out, err = brotli.NewReader(c.in), nil
	case "deflate":
		c.out, err = newDeflateReader(c.in, head)
	default:
		err = errUnsupported
	}
	return err
}

// close releases the decoder's resources.
func (c *coding) close() {
	if c.zstd != nil {
		c.zstd.Close()
	}
}

// newDeflateReader returns a decoder of what HTTP calls deflate: zlib's format, or the
// bare one that some servers send.
func newDeflateReader(in *bufio.Reader, head []byte) (io.Reader, error) {
	if len(head) >= 2 && head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
		return zlib.NewReader(in)
	}
	return flate.NewReader(in), nil
}

// The marks with which compressed bodies begin. Deflate and br have none.
const (
	gzipMark = "\x1f\x8b"
	zstdMark = "\x28\xb5\x2f\xfd"
)

// plainMarks are the beginnings of JSON, server-sent events and HTML.
var plainMarks = [...]string{"{", "[", ": ", ":\n", ":\r", "data:", "event:", "id:", "retry:", "<!", "<h", "<H", "<?"}

// Compression returns the name of the compression that a body's first bytes show; empty when they show none.
func Compression(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte(gzipMark)):
		return "gzip"
	case bytes.HasPrefix(head, []byte(zstdMark)):
		return "zstd"
	}
	return ""
}

// isPrefixOf reports whether head is the beginning of mark and shorter than it.
func isPrefixOf(head []byte, mark string) bool {
	return len(head) < len(mark) && strings.HasPrefix(mark, string(head))
}

// mayBeCompressed reports whether head is only the beginning of the mark of a
// compression: more bytes are needed to tell.
func mayBeCompressed(head []byte) bool {
	return isPrefixOf(head, gzipMark) || isPrefixOf(head, zstdMark)
}

// mayBeMark reports whether head is only the beginning of a mark: more bytes are needed
// to tell what a body is.
func mayBeMark(head []byte) bool {
	if mayBeCompressed(head) || isPrefixOf(head, ByteOrderMark) {
		return true
	}
	head = bytes.TrimPrefix(head, []byte(ByteOrderMark))
	return slices.ContainsFunc(plainMarks[:], func(mark string) bool { return isPrefixOf(head, mark) })
}

// looksPlain reports whether a body begins like JSON, server-sent events or HTML.
func looksPlain(head []byte) bool {
	head = bytes.TrimPrefix(head, []byte(ByteOrderMark))
	return slices.ContainsFunc(plainMarks[:], func(mark string) bool { return bytes.HasPrefix(head, []byte(mark)) })
}
