package page

import (
	"net/http"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// The templates (*.qtpl) are compiled to Go: html/template executes methods by their names, which keeps the
// linker from leaving out what no command calls.
//
//go:generate go tool qtc -skipLineComments

// part is a part of the page that is replaced when it changes.
type part struct {
	ID   string `json:"id"` // of the element
	HTML string `json:"html"`
}

// parts are the parts, by the id of their element.
var parts = [...]struct {
	id     string
	render func(*view) string
}{
	{"summary", renderSummary}, {"problems", renderProblems}, {"services", renderServices}, {"profile", renderProfile},
	{"quota", renderQuota}, {"accounts", renderAccounts}, {"usage", renderUsage}, {"events", renderEvents},
}

// renderParts returns all parts of the page.
func renderParts(now snapshot, by session, o Sources) []part {
	v := newView(now, by, o)
	all := make([]part, 0, len(parts))
	for _, p := range parts {
		all = append(all, part{p.id, p.render(&v)})
	}
	return all
}

// servePage answers with the whole page.
func (s *Server) servePage(w http.ResponseWriter, _ *http.Request, by session) {
	v := newView(s.gatherForPaint(), by, s.sources)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	writerenderPage(w, &v)
}

// writeNotice answers with a page that says one thing.
func writeNotice(w http.ResponseWriter, status int, title, text string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	writerenderNotice(w, title, text)
}

// faultText returns an error for people.
func faultText(err error) string {
	f := fault.From(err)
	if f.Hint == "" {
		return f.Message
	}
	return f.Message + " (" + f.Hint + ")"
}
