package router

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

// maxCodings is how many encodings may be stacked on one reply.
const maxCodings = 4

// zstdWindow is the longest window that a decoder of HTTP content must know (RFC 9659).
const zstdWindow = 8 << 20

// decodeError says that a reply's bytes are not what its Content-Encoding announces.
type decodeError struct {
	coding string
	err    error
}

func (e *decodeError) Error() string { return fmt.Sprintf("decode %s: %v", e.coding, e.err) }
func (e *decodeError) Unwrap() error { return e.err }

var errUnsupported = errors.New("this encoding is not supported")

// decodedBody reads a body through the decoders of its encodings.
type decodedBody struct {
	io.Reader
	body    *notedBody
	codings []*coding
}

// Close closes the decoders and the body.
func (d *decodedBody) Close() error {
	for _, c := range d.codings {
		c.close()
	}
	return d.body.Close()
}

// notedBody remembers the error that ended it, so that a broken connection is
// told apart from bytes that cannot be decoded.
type notedBody struct {
	io.ReadCloser
	err error
}

// Read reads from the body.
func (b *notedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}

// decodeBody returns body without the encodings that header names; body itself
// when there are none. It reads nothing yet.
func decodeBody(body io.ReadCloser, header http.Header) io.ReadCloser {
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
	return decodeChain(body, names)
}

// decodeChain undoes the encodings, the last one first.
func decodeChain(body io.ReadCloser, names []string) io.ReadCloser {
	noted := &notedBody{ReadCloser: body}
	d := &decodedBody{Reader: noted, body: noted}
	if len(names) > maxCodings {
		names = []string{strings.Join(names, ", ")} // unsupported, unless the bytes are plain
	}
	for i := len(names) - 1; i >= 0; i-- {
		c := &coding{name: names[i], body: noted, in: bufio.NewReader(d.Reader)}
		d.Reader, d.codings = c, append(d.codings, c)
	}
	return d
}

// decodeRest returns what head, the beginning of a body, and its rest are when
// the compression of that name is undone.
func decodeRest(head []byte, rest io.ReadCloser, name string) io.ReadCloser {
	body := struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(bytes.Clone(head)), rest), rest}
	return decodeChain(body, []string{name})
}

// coding undoes one encoding. What the first bytes are counts more than the
// name: servers announce gzip and send plain text.
type coding struct {
	name string
	body *notedBody
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

// explain tells what an error of the decoder means.
func (c *coding) explain(err error) error {
	var inner *decodeError
	switch {
	case err == nil, errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &inner):
		return err
	case c.body.err != nil:
		return c.body.err
	}
	return &decodeError{c.name, err}
}

// open looks at the first bytes and makes the decoder for them.
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
	case name != "br" && compressedAs(head) != "":
		name = compressedAs(head)
	case name == "br" && head[0] == '[': // a long brotli stream begins so as well
	case name == "gzip", name == "x-gzip", name == "zstd", looksPlain(head):
		name = "identity"
	}
	switch name {
	case "identity":
		c.out = c.in
	case "gzip":
		c.out, err = gzip.NewReader(c.in)
	case "zstd":
		c.zstd, err = zstd.NewReader(c.in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdWindow))
		c.out = c.zstd
	case "br":
		c.out, err = brotli.NewReader(c.in), nil
	case "deflate":
		c.out, err = inflate(c.in, head)
	default:
		err = errUnsupported
	}
	return err
}

func (c *coding) close() {
	if c.zstd != nil {
		c.zstd.Close()
	}
}

// inflate reads what HTTP calls deflate: zlib's format, or the bare one that
// some servers send.
func inflate(in *bufio.Reader, head []byte) (io.Reader, error) {
	if len(head) >= 2 && head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
		return zlib.NewReader(in)
	}
	return flate.NewReader(in), nil
}

// The first bytes of compressed bodies. Those of deflate and br have no mark.
const (
	gzipMark = "\x1f\x8b"
	zstdMark = "\x28\xb5\x2f\xfd"
)

// plainMarks are how JSON, server-sent events and HTML begin.
var plainMarks = [...]string{"{", "[", ": ", ":\n", ":\r", "data:", "event:", "id:", "retry:", "<!", "<h", "<H", "<?"}

// compressedAs names the compression that the first bytes of a body give away.
func compressedAs(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte(gzipMark)):
		return "gzip"
	case bytes.HasPrefix(head, []byte(zstdMark)):
		return "zstd"
	}
	return ""
}

// isPartOf reports whether head is the beginning of mark, and not all of it.
func isPartOf(head []byte, mark string) bool {
	return len(head) < len(mark) && strings.HasPrefix(mark, string(head))
}

// mayBeCompressed reports whether more bytes are needed to tell whether a body
// is compressed.
func mayBeCompressed(head []byte) bool { return isPartOf(head, gzipMark) || isPartOf(head, zstdMark) }

// mayBeMark reports whether more bytes are needed to tell what a body is.
func mayBeMark(head []byte) bool {
	if mayBeCompressed(head) || isPartOf(head, byteOrderMark) {
		return true
	}
	head = bytes.TrimPrefix(head, []byte(byteOrderMark))
	return slices.ContainsFunc(plainMarks[:], func(mark string) bool { return isPartOf(head, mark) })
}

// looksPlain reports whether a body begins as JSON, server-sent events or HTML do.
func looksPlain(head []byte) bool {
	head = bytes.TrimPrefix(head, []byte(byteOrderMark))
	return slices.ContainsFunc(plainMarks[:], func(mark string) bool { return bytes.HasPrefix(head, []byte(mark)) })
}
