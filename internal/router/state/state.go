// Package state has what a router reports of its deployments: a Report, which is served at Path. Who only reads it,
// as doctor and the supervisor do, needs this package and not the router.
package state

import (
	"time"

	"github.com/flowgate-go/flowgate/internal/router/shared/health"
	"github.com/flowgate-go/flowgate/internal/usage/quota"
)

// Path is the route at which clients that send the key get the Report.
const Path = "/health/deployments"

// Report says which deployments of a router may be asked now.
type Report struct {
	Requests          int64     `json:"requests"` // for models, with the right key, since the router's start
	Deployments       int       `json:"deployments"`
	Available         int       `json:"available"`          // how many deployments may be asked
	Cooling           []Cooling `json:"cooling"`            // the deployments that cool down, in the order of model_list
	UnavailableGroups []string  `json:"unavailable_groups"` // model_names without a deployment that may be asked

	Strategy string  `json:"strategy,omitempty"` // the routing strategy in force
	Usage    []Usage `json:"usage,omitempty"`    // the numbers that it decides by; none with simple-shuffle
	Sessions int     `json:"sessions,omitempty"` // how many sessions stay at a deployment

	MissingRoutes []MissingRoute `json:"missing_routes,omitempty"` // what upstreams answered that they lack

	Quota []quota.Seen `json:"quota,omitempty"` // the newest quota windows that upstreams' replies named

	Sharing *health.Status `json:"sharing,omitempty"` // with other routers through Redis; absent: no Redis is configured
}

// MissingRoute is a route that the upstream of a deployment answered that it lacks. Requests for
// it are translated from then on.
type MissingRoute struct {
	Deployment string `json:"deployment"` // model_info.id
	Group      string `json:"group"`      // model_name
	Route      string `json:"route"`      // the router's: /v1/responses
}

// Usage is what a routing strategy knows about a deployment.
type Usage struct {
	Deployment string `json:"deployment"` // model_info.id
	Group      string `json:"group"`      // model_name
	InFlight   int    `json:"in_flight"`
	Requests   int    `json:"requests"`          // in this minute
	Tokens     int    `json:"tokens"`            // in this minute
	RPM        int    `json:"rpm,omitempty"`     // limit of requests a minute, where the strategy obeys it
	TPM        int    `json:"tpm,omitempty"`     // limit of tokens a minute, where the strategy obeys it
	Limited    bool   `json:"limited,omitempty"` // the requests or the tokens of this minute are used up

	LatencyS    float64  `json:"latency_s,omitempty"`     // mean seconds for each token of a reply
	FirstTokenS float64  `json:"first_token_s,omitempty"` // seconds to a stream's first content: their mean or percentile
	TokenCost   *float64 `json:"token_cost,omitempty"`    // dollars for an input and an output token; absent: unknown
}

// Cooling is a deployment that cools down.
type Cooling struct {
	Deployment string    `json:"deployment"` // model_info.id
	Group      string    `json:"group"`      // model_name
	Since      time.Time `json:"since"`
	Until      time.Time `json:"until"`
	NextTrial  time.Time `json:"next_trial"`      // from when one request may try it; Until, or earlier
	Trial      bool      `json:"trial,omitempty"` // a trial is in progress
	Status     int       `json:"status"`          // of the failure that the cooldown followed
	Class      string    `json:"class"`           // LiteLLM's exception class of that failure: RateLimitError
	// why the connection failed: certificate, refused, …; empty when the upstream answered
	Cause  string `json:"cause,omitempty"`
	Reason string `json:"reason"` // what happened, for people
}
