package probe

import "net/http"

// Evidence is what an answer, or its absence, says about a service. Only the kinds for
// which IsAboutService returns true may restart one.
type Evidence string

// Kinds of evidence.
const (
	Passed       Evidence = "fine"     // the expected answer
	Exited       Evidence = "exited"   // its process ended
	NoAnswer     Evidence = "silent"   // no connection, no answer, or none in time
	Unready      Evidence = "unready"  // it reports that it is not ready: 5xx, a command's status, no such line yet
	Refused      Evidence = "refused"  // 401, 403: it answers, and requires another key
	Absent       Evidence = "absent"   // 404, 405, 410, 501: it answers, and no longer has this path
	Limited      Evidence = "limited"  // 429: it answers, and limits requests
	Upstream     Evidence = "upstream" // 502, 504: it answers, and its upstream does not
	Inconclusive Evidence = "strange"  // any other answer: a redirect, a 400; or the probe could not run
)

// IsAboutService reports whether the evidence concerns the service's own state. A
// restart cannot fix a key, a path, a limit or an upstream.
func (e Evidence) IsAboutService() bool { return e == Exited || e == NoAnswer || e == Unready }

// classifyStatus returns the evidence of an HTTP status.
func classifyStatus(status int) Evidence {
	switch {
	case status >= 200 && status <= 299:
		return Passed
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return Refused
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status == http.StatusGone,
		status == http.StatusNotImplemented:
		return Absent
	case status == http.StatusTooManyRequests:
		return Limited
	case status == http.StatusBadGateway, status == http.StatusGatewayTimeout:
		return Upstream
	case status >= 500:
		return Unready
	}
	return Inconclusive
}
