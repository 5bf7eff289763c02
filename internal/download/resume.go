package download

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/internal/safefile"
)

// requestRest adds the headers that request the missing part of the file, and returns the
// number of bytes that the file has already. Without an expected digest it keeps the
// beginning of the file only if the server can tell whether its own file is still the same
// (If-Range, RFC 9110 section 13.1.5).
func (r Request) requestRest(req *http.Request) int64 {
	info, err := os.Stat(r.Path)
	if err != nil || info.Size() == 0 {
		return 0
	}
	validator := r.readValidator()
	if validator == "" && r.SHA256 == "" {
		r.removePartial()
		return 0
	}
	req.Header.Set("Range", fmt.Sprintf("bytes=%d-", info.Size()))
	if validator != "" {
		req.Header.Set("If-Range", validator)
	}
	return info.Size()
}

// validatorPath returns the path of a file beside the partial download: it has the address
// and the server's validator of the file that is downloaded.
func (r Request) validatorPath() string { return r.Path + ".validator" }

// saveValidator saves the strong ETag, or else the Last-Modified time, of the file whose
// download begins. A weak ETag cannot be used to join parts.
func (r Request) saveValidator(res *http.Response) {
	validator := res.Header.Get("ETag")
	if validator == "" || strings.HasPrefix(validator, "W/") {
		validator = res.Header.Get("Last-Modified")
	}
	if validator == "" {
		_ = os.Remove(r.validatorPath())
		return
	}
	// If this fails, a later attempt fetches the whole file.
	_ = renameio.WriteFile(r.validatorPath(), []byte(r.URL+"\n"+validator), 0o600)
}

// readValidator returns the validator that saveValidator saved for this address, or "".
func (r Request) readValidator() string {
	data, err := safefile.Read(r.validatorPath(), safefile.DocumentLimit)
	if err != nil {
		return ""
	}
	url, validator, ok := strings.Cut(string(data), "\n")
	if !ok || url != r.URL {
		return ""
	}
	return validator
}

// removePartial removes the file and its validator.
func (r Request) removePartial() {
	_ = os.Remove(r.Path)
	_ = os.Remove(r.validatorPath())
}

// checkComplete handles a 416 reply: the file is complete if the server's file has exactly
// size bytes. Otherwise the server has another file, and checkComplete removes this one.
func (r Request) checkComplete(res *http.Response, size int64) error {
	if res.Header.Get("Content-Range") == fmt.Sprintf("bytes */%d", size) {
		return nil
	}
	r.removePartial()
	return transientError{errors.New("the file on the server is not the one whose download began")}
}

// startsAt reports whether a 206 reply begins at the requested byte.
func startsAt(res *http.Response, from int64) bool {
	return strings.HasPrefix(strings.TrimSpace(res.Header.Get("Content-Range")), fmt.Sprintf("bytes %d-", from))
}
