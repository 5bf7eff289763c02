package echo

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// call is one POST request with its response writer.
type call struct {
	w       http.ResponseWriter
	r       *http.Request
	dialect dialect
	req     request
	script  script
	digest  string // 24 hex digits, a function of path and body, so that the same request gets the same ids
	created int64  // unix seconds
}

// postHandler returns the handler of a POST route whose body names the model. It checks the key.
func (s *server) postHandler(d dialect, answer func(*call) error) http.HandlerFunc {
	return s.requireKey(func(w http.ResponseWriter, r *http.Request) {
		s.serve(w, r, d, func(c *call, body []byte) error {
			return c.req.read(r.Header.Get("Content-Type"), body)
		}, answer)
	})
}

// serve reads the body, plays the script that the model name has, and calls answer. An
// error of read or answer is a mistake of the client (400).
func (s *server) serve(w http.ResponseWriter, r *http.Request, d dialect, read func(*call, []byte) error,
	answer func(*call) error) {
	body, status, err := readBody(w, r)
	if err != nil {
		d.writeError(w, status, "%v", err)
		return
	}
	c := &call{w: w, r: r, dialect: d, digest: digest(r.URL.Path, body), created: s.now().Unix()}
	if err := read(c, body); err != nil {
		d.writeError(w, http.StatusBadRequest, "%v", err)
		return
	}
	if c.req.Model == "" {
		d.writeError(w, http.StatusBadRequest, "%v", missingError("model"))
		return
	}
	c.script = parseScript(c.req.Model)
	if c.playScript(&s.counts) {
		return
	}
	if err := answer(c); err != nil {
		d.writeError(w, http.StatusBadRequest, "%v", err)
	}
}

// read reads a body, which is a form or JSON.
func (r *request) read(contentType string, body []byte) error {
	if isForm, err := r.readForm(contentType, body); isForm {
		return err
	}
	if err := json.Unmarshal(body, r); err != nil {
		return fmt.Errorf("the body is not a request in JSON: %w", err)
	}
	return nil
}

// readBody returns the whole body, or a status and an error for the client.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, int, error) {
	if enc := r.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return nil, http.StatusUnsupportedMediaType,
			fmt.Errorf("the content encoding %.40q is not supported; send the body uncompressed", enc)
	}
	var buf bytes.Buffer
	if r.ContentLength > 0 {
		buf.Grow(int(min(r.ContentLength, 1<<20)) + bytes.MinRead)
	}
	_, err := buf.ReadFrom(http.MaxBytesReader(w, r.Body, MaxBody))
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return nil, http.StatusRequestEntityTooLarge, fmt.Errorf("the body is longer than %d bytes", tooLong.Limit)
	case err != nil:
		return nil, http.StatusBadRequest, fmt.Errorf("the body cannot be read: %w", err)
	}
	return buf.Bytes(), 0, nil
}

// digest returns 24 hex digits of the SHA-256 of a path and a body.
func digest(path string, body []byte) string {
	h := sha256.New()
	h.Write([]byte(path))
	h.Write([]byte{0})
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// writeReply writes v as the whole reply, in gzip when the model name asks for that and
// the client accepts it.
func (c *call) writeReply(v any) {
	if c.script.gzip && acceptsGzip(c.r.Header) {
		writeGzip(c.w, v)
		return
	}
	writeJSON(c.w, http.StatusOK, v)
}
