package page

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// interval is how often a page that is shown looks for something new.
const interval = 2 * time.Second

// silence is after how many intervals without anything new a comment is sent, so that a
// connection whose browser is gone is noticed.
const silence = 8

// maxWatchers is how many pages are shown at the same time at most: each is rendered every
// two seconds. A tab that is not seen does not count.
const maxWatchers = 32

// serveLive sends the parts of the page that have changed, as server-sent events, while the
// page is shown.
func (s *Server) serveLive(w http.ResponseWriter, r *http.Request, by session) {
	if !isOwnPage(r) {
		writeNotice(w, http.StatusForbidden, "Another page sent this request", "Only the page itself is live.")
		return
	}
	if !s.addWatcher() {
		writeNotice(w, http.StatusServiceUnavailable, "Too many pages are open",
			"Close some of them, and load this one again.")
		return
	}
	defer s.removeWatcher()
	w.Header().Set("Content-Type", "text/event-stream")
	out := newEventWriter(w)
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		now := s.gather()
		out.begin()
		for _, p := range renderParts(now, by, s.sources) {
			out.sendPart(p)
		}
		if s.sources.Usage != nil {
			out.sendSeries(now.usage.value)
		}
		if out.finish() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-s.life.Done():
			out.begin()
			out.send("end", s.sources.Program+" page")
			_ = out.finish()
			return
		case <-ticker.C:
		case <-now.changed:
		}
	}
}

// addWatcher counts a page that is shown from now on; false when there are too many.
func (s *Server) addWatcher() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watchers >= maxWatchers {
		return false
	}
	s.watchers++
	s.seen = s.sources.Now()
	return true
}

// removeWatcher counts a page as shown no more.
func (s *Server) removeWatcher() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers--
	s.seen = s.sources.Now()
}

// eventWriter writes server-sent events.
type eventWriter struct {
	w     io.Writer
	flush *http.ResponseController
	sent  map[string]string // by name of the part
	quiet int               // intervals without an event
	wrote bool
	err   error
}

// newEventWriter returns what writes events as the reply, which has no end: the server's limit
// on how long a request is read does not hold for it.
func newEventWriter(w http.ResponseWriter) *eventWriter {
	e := &eventWriter{w: w, flush: http.NewResponseController(w), sent: map[string]string{}}
	e.err = e.flush.SetReadDeadline(time.Time{})
	return e
}

// begin begins a round of events. A browser that does not take them in time counts as gone.
func (e *eventWriter) begin() {
	if e.err == nil {
		e.err = e.flush.SetWriteDeadline(time.Now().Add(requestPatience))
	}
}

// send writes one event. data must not have line breaks.
func (e *eventWriter) send(event, data string) {
	if e.err == nil {
		_, e.err = fmt.Fprintf(e.w, "event: %s\ndata: %s\n\n", event, data)
	}
	e.wrote = true
}

// sendPart sends a part of the page when it differs from what was sent last.
func (e *eventWriter) sendPart(p part) {
	if e.sent[p.ID] == p.HTML {
		return
	}
	e.sent[p.ID] = p.HTML
	text, err := json.Marshal(p)
	if err == nil {
		e.send("part", string(text))
	}
}

// sendSeries sends the numbers of the charts when they differ from what was sent last.
func (e *eventWriter) sendSeries(u Usage) {
	text, err := json.Marshal(u.Series)
	if err != nil || e.sent["series"] == string(text) {
		return
	}
	e.sent["series"] = string(text)
	e.send("series", string(text))
}

// finish flushes what was written; after a while without an event it writes a comment.
func (e *eventWriter) finish() error {
	if e.quiet++; e.wrote {
		e.quiet = 0
	}
	if e.quiet >= silence && e.err == nil {
		e.quiet = 0
		_, e.err = io.WriteString(e.w, ": still here\n\n")
	}
	e.wrote = false
	if e.err == nil {
		e.err = e.flush.Flush()
	}
	return e.err
}
