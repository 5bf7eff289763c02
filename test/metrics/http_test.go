package metrics_test

import (
	"io"
	"net/http"
	"testing"
)

// readAll returns the body of a reply.
func readAll(t *testing.T, resp *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
