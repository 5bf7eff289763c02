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

// askForRest adds the headers that ask for the part of the file that is missing
// and returns how many bytes are there already. Without a digest to check the
// whole against, a beginning is used only if the server can tell that its file
// is still the same (If-Range, RFC 9110 section 13.1.5).
func (r Request) askForRest(req *http.Request) int64 {
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

// validatorPath is the file beside the partial download that holds the address
// and the server's validator of the file that the beginning came from.
func (r Request) validatorPath() string { return r.Path + ".validator" }

// rememberValidator writes down the strong ETag, or else the Last-Modified time, of
// the file whose beginning is about to be written. A weak ETag cannot be used
// to join parts.
func (r Request) rememberValidator(res *http.Response) {
	validator := res.Header.Get("ETag")
	if validator == "" || strings.HasPrefix(validator, "W/") {
		validator = res.Header.Get("Last-Modified")
	}
	if validator == "" {
		_ = os.Remove(r.validatorPath())
		return
	}
	_ = renameio.WriteFile(r.validatorPath(), []byte(r.URL+"\n"+validator), 0o600) // without it the file is fetched anew
}

// readValidator returns the validator that rememberValidator wrote for this address, or
// "".
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

// checkComplete handles a 416 reply: the file is complete if the server says that it
// has exactly the bytes that are there. Otherwise the file belongs to another version
// and is removed.
func (r Request) checkComplete(res *http.Response, have int64) error {
	if res.Header.Get("Content-Range") == fmt.Sprintf("bytes */%d", have) {
		return nil
	}
	r.removePartial()
	return transientError{errors.New("the server has another file than the one that was begun")}
}

// startsAt reports whether a 206 reply begins at the requested byte.
func startsAt(res *http.Response, from int64) bool {
	return strings.HasPrefix(strings.TrimSpace(res.Header.Get("Content-Range")), fmt.Sprintf("bytes %d-", from))
}
