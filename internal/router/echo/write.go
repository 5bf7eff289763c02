package echo

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// encode returns v as one line of JSON without a line end. The types of this
// package cannot fail to encode; a failure is a bug in it.
func encode(v any) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("echo: encode reply: " + err.Error())
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}

// writeJSON writes a whole reply. A write error is ignored: it
// means that the client has left.
func writeJSON(w http.ResponseWriter, status int, v any) {
	writeBytes(w, status, "application/json", encode(v))
}

// writeBytes writes a whole reply with that body.
func writeBytes(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// acceptsGzip reports whether the client accepts a reply in gzip.
func acceptsGzip(h http.Header) bool {
	return strings.Contains(h.Get("Accept-Encoding"), "gzip")
}

// writeGzip writes v as a whole reply in gzip.
func writeGzip(w http.ResponseWriter, v any) {
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	_, _ = z.Write(encode(v)) // a bytes.Buffer takes every write
	_ = z.Close()
	w.Header().Set("Content-Encoding", "gzip")
	writeBytes(w, http.StatusOK, "application/json", buf.Bytes())
}
