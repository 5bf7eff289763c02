package router

import (
	"fmt"
	"net/http"
	"time"
)

// StatePath is where a Router tells the State of its deployments to clients with its key.
const StatePath = "/health/deployments"

// State is which deployments of a Router may be asked now.
type State struct {
	Deployments       int       `json:"deployments"`
	Available         int       `json:"available"`          // of them
	Cooling           []Cooling `json:"cooling"`            // those that cool down, in the order of model_list
	UnavailableGroups []string  `json:"unavailable_groups"` // model_names of which no deployment may be asked
}

// Cooling is a deployment that cools down.
type Cooling struct {
	Deployment string    `json:"deployment"` // model_info.id
	Group      string    `json:"group"`      // model_name
	Since      time.Time `json:"since"`
	Until      time.Time `json:"until"`
	NextTrial  time.Time `json:"next_trial"`      // from when one request may try it; until, or earlier
	Trial      bool      `json:"trial,omitempty"` // one tries it now
	Status     int       `json:"status"`          // of the failure that the cooldown followed
	Class      string    `json:"class"`           // of it, as in the log: RateLimitError
	Cause      string    `json:"cause,omitempty"` // of it, where the connection failed: certificate, refused, …
	Reason     string    `json:"reason"`          // the same for people
}

// State tells which deployments may be asked now. It changes nothing.
func (r *Router) State() State {
	now := r.opts.Now()
	s := State{Deployments: len(r.settings.Deployments), Cooling: []Cooling{}, UnavailableGroups: []string{}}
	available := map[string]bool{}
	for _, d := range r.settings.Deployments {
		a, _ := d.accessTo(now)
		if a == accessNone || a == accessBusy {
			s.Cooling = append(s.Cooling, d.cooling())
		} else if d.missing == "" {
			s.Available++
			available[d.Group] = true
		}
	}
	for _, name := range r.settings.names {
		if !available[name] {
			s.UnavailableGroups = append(s.UnavailableGroups, name)
		}
	}
	return s
}

// cooling describes the cooldown of d.
func (d *Deployment) cooling() Cooling {
	s := &d.state
	s.mu.Lock()
	defer s.mu.Unlock()
	return Cooling{
		Deployment: d.ID, Group: d.Group, Since: s.since.UTC(), Until: s.until.UTC(), NextTrial: s.nextTry.UTC(), Trial: s.trial != nil,
		Status: s.why.status, Class: s.why.class, Cause: string(s.why.cause), Reason: s.why.String(),
	}
}

// String says for people why a deployment cools down.
func (w coolingReason) String() string {
	switch {
	case w.cause == causeTimeout && w.class == "Timeout":
		return "The upstream did not answer in time."
	case w.cause != "":
		return w.cause.advice()
	case w.class == "APIConnectionError":
		return "A stream of the upstream ended too early."
	}
	return fmt.Sprintf("The upstream answered %d.", w.status)
}

func (r *Router) deployments(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, encode(r.State()))
}
