package cliproxy_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// startStranger returns the address of a server that answers everything with a page.
func startStranger(t *testing.T) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_,
			_ = w.Write([]byte("<html>hello"))
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}
