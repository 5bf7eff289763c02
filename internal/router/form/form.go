// Package form finds the parts of multipart/form-data bodies in place, so that one value can
// be replaced and files stay as they are. Boundary reads a request's Content-Type, Parts
// finds the parts, AppendField writes one.
//
// It never decodes or copies a part. Anything that readers of forms interpret differently,
// such as lines without CR, is an error: the upstream must see the same parts as the router.
package form

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"mime"
	"net/textproto"
	"strings"
)

// Bounds of a form. Real ones have a dozen parts with two lines of header each.
const (
	maxParts    = 1000
	maxHeader   = 8 << 10 // bytes of the header of one part
	maxBoundary = 70      // characters of a boundary (RFC 2046)
)

// Part is one part of a form. Its places are offsets in the body.
type Part struct {
	Name         string
	IsFile       bool // it has a file name
	Start, End   int  // the value
	Begin, After int  // the part with its delimiter: without them, the rest is still a form
}

// Boundary returns the boundary in the Content-Type of a form. It returns "" for a
// Content-Type that is not multipart, and an error for a multipart one that is not a form
// with a usable boundary.
func Boundary(contentType string) (string, error) {
	if len(contentType) < len("multipart/") || !strings.EqualFold(contentType[:len("multipart/")], "multipart/") {
		return "", nil
	}
	kind, params, err := mime.ParseMediaType(contentType)
	boundary := params["boundary"]
	switch {
	case err != nil:
		return "", fmt.Errorf("the Content-Type is not valid: %w", err)
	case kind != "multipart/form-data":
		return "", fmt.Errorf("the Content-Type is %s: expected multipart/form-data", kind)
	case boundary == "" || len(boundary) > maxBoundary || strings.ContainsAny(boundary, "\r\n") ||
		strings.HasSuffix(boundary, " "):
		return "", errors.New("the Content-Type has no usable boundary")
	}
	return boundary, nil
}

// errTruncated is the error of a form whose last delimiter is missing.
var errTruncated = errors.New("the form ends early: its last delimiter is missing")

// Parts calls visit for each part of a form, in order. end is the offset of the last
// delimiter, where a further part may be inserted.
func Parts(body []byte, boundary string, visit func(Part)) (end int, err error) {
	delimiter := []byte("\r\n--" + boundary)
	at, err := firstDelimiter(body, delimiter)
	if err != nil {
		return 0, err
	}
	for range maxParts {
		isLast, next, err := delimiterEnd(body, at+len(delimiter)-2)
		if err != nil || isLast {
			return at, err
		}
		p := Part{Begin: at}
		if err := p.readHeader(body, next); err != nil {
			return 0, err
		}
		length := bytes.Index(body[p.Start-2:], delimiter) // an empty value has the header's own CRLF before it
		if length < 0 {
			return 0, errTruncated
		}
		p.End = max(p.Start, p.Start-2+length)
		p.After = p.Start - 2 + length + 2
		at = p.After
		visit(p)
	}
	return 0, fmt.Errorf("the form has more than %d parts", maxParts)
}

// firstDelimiter returns the offset of the first delimiter, without the line end before it.
// Text before it is not a part.
func firstDelimiter(body, delimiter []byte) (int, error) {
	if bytes.HasPrefix(body, delimiter[2:]) {
		return 0, nil
	}
	i := bytes.Index(body, delimiter)
	if i < 0 {
		return 0, errors.New("the form does not contain the delimiter that its Content-Type announces")
	}
	return i + 2, nil
}

// delimiterEnd reads what follows the boundary at offset at: the end of its line, after two
// hyphens in the last delimiter. next is the offset of what comes after that line.
func delimiterEnd(body []byte, at int) (isLast bool, next int, err error) {
	rest := body[at:]
	if bytes.HasPrefix(rest, []byte("--")) {
		rest, isLast = rest[2:], true
	}
	padded := bytes.TrimLeft(rest, " \t")
	switch {
	case bytes.HasPrefix(padded, []byte("\r\n")):
		return isLast, len(body) - len(padded) + 2, nil
	case isLast && len(padded) == 0:
		return true, len(body), nil
	case len(padded) == 0:
		return false, 0, errTruncated
	}
	return false, 0, errors.New("a delimiter of the form is followed by something other than the end of its line")
}

// readHeader reads the header of the part, which begins at offset from, and sets the start
// of the part's value.
func (p *Part) readHeader(body []byte, from int) error {
	size := bytes.Index(body[from:min(len(body), from+maxHeader)], []byte("\r\n\r\n"))
	if size < 0 {
		return errors.New("a part of the form has no header, or one that does not end")
	}
	text := body[from : from+size+len("\r\n\r\n")]
	if bytes.Count(text, []byte("\n")) != bytes.Count(text, []byte("\r\n")) {
		return errors.New("a part's header has a line that does not end in CR LF")
	}
	header, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(text))).ReadMIMEHeader()
	if err != nil {
		return fmt.Errorf("the header of a part is not valid: %w", err)
	}
	switch coding := strings.ToLower(header.Get("Content-Transfer-Encoding")); coding {
	case "", "binary", "8bit", "7bit":
	default:
		return fmt.Errorf("a part has the Content-Transfer-Encoding %.40q: send the part without an encoding", coding)
	}
	p.Start = from + len(text)
	return p.readDisposition(header["Content-Disposition"])
}

// readDisposition reads the name of the part and whether it is a file.
func (p *Part) readDisposition(values []string) error {
	if len(values) != 1 {
		return errors.New("a part does not have exactly one Content-Disposition")
	}
	kind, params, err := mime.ParseMediaType(values[0])
	if err != nil || kind != "form-data" {
		return fmt.Errorf("the Content-Disposition %.80q of a part is not a valid form-data", values[0])
	}
	p.Name = params["name"]
	_, p.IsFile = params["filename"]
	return nil
}

// AppendField appends a part with a short value to dst.
func AppendField(dst []byte, boundary, name, value string) []byte {
	name = strings.NewReplacer("\\", "\\\\", `"`, `\"`, "\r", "%0D", "\n", "%0A").Replace(name)
	dst = append(dst, "--"+boundary+"\r\nContent-Disposition: form-data; name=\""+name+"\"\r\n\r\n"...)
	return append(append(dst, value...), "\r\n"...)
}
