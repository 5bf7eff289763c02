package page

import (
	"net/http"
	"slices"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// serveProfile puts the profile of the form in force. It goes on when the browser leaves.
func (s *Server) serveProfile(w http.ResponseWriter, r *http.Request, _ session) {
	name := r.PostFormValue("profile")
	if !s.beginChange(name) {
		writeNotice(w, http.StatusConflict, "The profile was not switched",
			"There is no such profile, or another change is being made.")
		return
	}
	s.tasks.Add(1)
	defer s.tasks.Done()
	text, err := s.sources.SetProfile(s.life, name)
	s.endChange()
	if err != nil {
		f := fault.From(err)
		writeNotice(w, http.StatusConflict, "The profile was not switched", f.Message+". "+f.Hint)
		return
	}
	writeNotice(w, http.StatusOK, "The profile is "+name, text)
}

// beginChange notes that a profile is being put in force; false when there is none of that
// name, or when one is being put in force already.
func (s *Server) beginChange(name string) bool {
	s.gather()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changing || s.life.Err() != nil || !slices.Contains(s.stack.value.Profiles, name) {
		return false
	}
	s.changing = true
	s.announce()
	return true
}

// endChange notes that no profile is being put in force any more. What the stack said before is
// forgotten, also what it says at this moment.
func (s *Server) endChange() {
	s.asking.Lock()
	defer s.asking.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changing, s.stack = false, cached[Stack]{}
	s.announce()
}

// serveExamine runs doctor's checks again.
func (s *Server) serveExamine(w http.ResponseWriter, _ *http.Request, _ session) {
	s.mu.Lock()
	s.examine()
	s.announce()
	s.mu.Unlock()
	writeNotice(w, http.StatusOK, "Doctor examines the stack", "What it finds is shown on the page.")
}
