package quota

import (
	"net/http"
	"strings"
)

// Account returns the account that a reply of CLIProxyAPI came from: the auth_index of the
// credential, which CLIProxyAPI's management API lists beside the account's name
// (GET /v0/management/auth-files). It returns "" for other replies. Since version 7.2.84
// CLIProxyAPI sends X-CPA-TRACE-ID: 20260916005844-a42ae2a9f932510a-0ab661bf, which is the
// time, the auth_index and the id of the request.
func Account(h http.Header) string {
	begun, rest, _ := strings.Cut(h.Get("X-Cpa-Trace-Id"), "-")
	index, id, _ := strings.Cut(rest, "-")
	if len(begun) != len("20060102150405") || id == "" || strings.Trim(begun, "0123456789") != "" {
		return ""
	}
	return parseWord(index)
}
