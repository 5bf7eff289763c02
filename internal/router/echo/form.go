package echo

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"strings"
)

// file is a file of a form.
type file struct {
	name string
	size int // bytes
}

// readForm reads a body that is a form into the request. isForm is false for another body.
func (r *request) readForm(contentType string, body []byte) (isForm bool, err error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/form-data" {
		return false, nil
	}
	parts := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return true, fmt.Errorf("the form cannot be read: %w", err)
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return true, fmt.Errorf("the part %.40q of the form cannot be read: %w", part.FormName(), err)
		}
		r.setField(part, value)
	}
}

// setField sets the field that a part of a form holds, or adds its file. Other parts have no effect.
func (r *request) setField(part *multipart.Part, value []byte) {
	if part.FileName() != "" {
		r.files = append(r.files, file{part.FileName(), len(value)})
		return
	}
	switch strings.TrimSuffix(part.FormName(), "[]") {
	case "model":
		r.Model = string(value)
	case "stream":
		r.Stream = string(value) == "true"
	case "prompt":
		r.Prompt = encode(string(value))
	case "response_format":
		r.ResponseFormat = encode(string(value))
	}
}
