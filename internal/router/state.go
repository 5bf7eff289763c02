package router

import (
	"net/http"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/cooldown"
	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/reply"
)

// StatePath is the route at which clients with the key get the State of the deployments.
const StatePath = "/health/deployments"

// State is which deployments of a Router may be asked now.
type State struct {
	Deployments       int       `json:"deployments"`
	Available         int       `json:"available"`          // how many of them may be asked
	Cooling           []Cooling `json:"cooling"`            // those that cool down, in the order of model_list
	UnavailableGroups []string  `json:"unavailable_groups"` // model_names of which no deployment may be asked
}

// Cooling is a deployment that cools down.
type Cooling struct {
	Deployment string    `json:"deployment"` // model_info.id
	Group      string    `json:"group"`      // model_name
	Since      time.Time `json:"since"`
	Until      time.Time `json:"until"`
	NextTrial  time.Time `json:"next_trial"`      // from when one request may try it; Until, or earlier
	Trial      bool      `json:"trial,omitempty"` // one request tries it now
	Status     int       `json:"status"`          // of the failure that the cooldown followed
	Class      string    `json:"class"`           // LiteLLM's exception class of that failure: RateLimitError
	// why the connection failed: certificate, refused, …; empty when the upstream answered
	Cause  string `json:"cause,omitempty"`
	Reason string `json:"reason"` // what happened, for people
}

// State returns which deployments may be asked now. It changes nothing.
func (r *Router) State() State {
	now := r.policy.Now()
	s := State{Deployments: len(r.deployments), Cooling: []Cooling{}, UnavailableGroups: []string{}}
	isAvailable := map[string]bool{}
	for _, d := range r.deployments {
		access, _ := d.Cooldown.Access(now)
		if access == cooldown.Closed || access == cooldown.Busy {
			s.Cooling = append(s.Cooling, describeCooldown(d))
		} else if d.MissingKey == "" {
			s.Available++
			isAvailable[d.Group] = true
		}
	}
	for _, d := range r.policy.Groups.Matched() {
		if access, _ := d.Cooldown.Access(now); access == cooldown.Closed || access == cooldown.Busy {
			s.Cooling = append(s.Cooling, describeCooldown(d))
		}
	}
	for _, name := range r.settings.Groups {
		if !isAvailable[name] {
			s.UnavailableGroups = append(s.UnavailableGroups, name)
		}
	}
	return s
}

// describeCooldown returns the cooldown of d.
func describeCooldown(d *deployment.Deployment) Cooling {
	c := d.Cooldown.Cooldown()
	return Cooling{
		Deployment: d.ID, Group: d.Group, Since: c.Since.UTC(), Until: c.Until.UTC(), NextTrial: c.NextTrial.UTC(),
		Trial:  c.InTrial,
		Status: c.Failure.Status, Class: c.Failure.Class, Cause: string(c.Failure.Cause), Reason: c.Failure.Reason(),
	}
}

// serveState answers GET /health/deployments.
func (r *Router) serveState(w http.ResponseWriter, _ *http.Request) {
	reply.WriteJSON(w, http.StatusOK, dialect.EncodeJSON(r.State()))
}
