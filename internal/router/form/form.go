// Package form finds the parts of multipart/form-data bodies where they stand, so that
// one value can be replaced and files pass as they are. Boundary reads a request's
// Content-Type, Parts finds the parts, AppendField writes one.
//
// It never decodes or copies a part. What readers of forms disagree about, such as lines
// without CR, is an error: the upstream must see the same parts as the router.
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
	maxParts     = 1000
	maxHeader    = 8 << 10 // bytes of the header of one part
	maxDelimiter = 70      // characters of a boundary (RFC 2046)
)

// Part is one part of a form. All places are offsets in the body.
type Part struct {
	Name         string
	IsFile       bool // it has a file name
	Start, End   int  // the value
	Begin, After int  // the part with its delimiter: cut, the rest is a form again
}

// Boundary returns the boundary of a form's Content-Type. It returns "" for a body that
// is no form, and an error for a form without a usable boundary.
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
	case boundary == "" || len(boundary) > maxDelimiter || strings.ContainsAny(boundary, "\r\n") ||
		strings.HasSuffix(boundary, " "):
		return "", errors.New("the Content-Type has no usable boundary")
	}
	return boundary, nil
}

// errCut means that the last delimiter is missing.
var errCut = errors.New("the form ends early: its last delimiter is missing")

// Parts calls visit for each part of a form, in order. end is where the last delimiter
// begins: a further part may be put there.
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
			return 0, errCut
		}
		p.End = max(p.Start, p.Start-2+length)
		p.After = p.Start - 2 + length + 2
		at = p.After
		visit(p)
	}
	return 0, fmt.Errorf("the form has more than %d parts", maxParts)
}

// firstDelimiter returns where the first delimiter begins, its line end before it left
// out. What stands before it is no part.
func firstDelimiter(body, delimiter []byte) (int, error) {
	if bytes.HasPrefix(body, delimiter[2:]) {
		return 0, nil
	}
	i := bytes.Index(body, delimiter)
	if i < 0 {
		return 0, errors.New("the form has not the delimiter that its Content-Type announces")
	}
	return i + 2, nil
}

// delimiterEnd reads what follows a boundary: the end of its line, or the two hyphens of
// the last one. next is where the part begins.
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
		return false, 0, errCut
	}
	return false, 0, errors.New("a delimiter of the form is followed by something else than the end of its line")
}

// readHeader reads the header of the part that begins at from, and sets where its value
// starts.
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
		return fmt.Errorf("a part has the Content-Transfer-Encoding %.40q: send it as it is", coding)
	}
	p.Start = from + len(text)
	return p.readDisposition(header["Content-Disposition"])
}

// readDisposition reads the name of the part.
func (p *Part) readDisposition(values []string) error {
	if len(values) != 1 {
		return errors.New("a part has not one Content-Disposition")
	}
	kind, params, err := mime.ParseMediaType(values[0])
	if err != nil || kind != "form-data" {
		return fmt.Errorf("the Content-Disposition %.80q is not that of a part of a form", values[0])
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
