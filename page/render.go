package page

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"sync"

	"github.com/flowgate-go/flowgate/internal/fault"
)

//go:embed templates/*.html
var templateFiles embed.FS

// templates parses the templates when the first page is shown: no other command pays for it.
var templates = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{"style": style}).ParseFS(templateFiles, "templates/*.html"))
})

// part is a part of the page that is replaced when it changes.
type part struct {
	ID   string `json:"id"` // of the element
	HTML string `json:"html"`
}

// partNames are the parts, each of which has a template of its name.
var partNames = [...]string{"summary", "problems", "services", "profile", "quota", "accounts", "usage", "events"}

// renderParts returns all parts of the page.
func renderParts(now snapshot, by session, o Sources) []part {
	v := newView(now, by, o)
	parts := make([]part, 0, len(partNames))
	for _, name := range partNames {
		parts = append(parts, part{name, execute(name, v)})
	}
	return parts
}

// execute returns the text of a template.
func execute(name string, data any) string {
	var b bytes.Buffer
	if err := templates().ExecuteTemplate(&b, name, data); err != nil {
		return "" // the templates are part of the program; a test executes each
	}
	return b.String()
}

// servePage answers with the whole page.
func (s *Server) servePage(w http.ResponseWriter, _ *http.Request, by session) {
	v := newView(s.gatherForPaint(), by, s.sources)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(execute("page", v)))
}

// notice is a page that says one thing.
type notice struct{ Title, Text string }

// writeNotice answers with a page that says one thing.
func writeNotice(w http.ResponseWriter, status int, title, text string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(execute("notice", notice{title, text})))
}

// faultText returns an error for people.
func faultText(err error) string {
	f := fault.From(err)
	if f.Hint == "" {
		return f.Message
	}
	return f.Message + " (" + f.Hint + ")"
}
