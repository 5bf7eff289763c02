// Package failure says in LiteLLM's words why a request, or one attempt at it, got
// no reply, and what may be done about it: retry, ask a sibling, cool down. Its functions
// make a Failure from what an upstream answered, or from the error of the connection.
//
// It never sends anything, and a Failure never names an upstream's address or key.
package failure

import (
	"net/http"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/cooldown"
	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/transport"
	"github.com/flowgate-go/flowgate/internal/usage/quota"
)

// Failure is why a request, or one attempt at it, got no reply.
type Failure struct {
	Status     int    // what the client gets
	Class      string // LiteLLM's exception class; empty when the request itself is at fault
	Text       string // the message without Suffix
	Kind       string // error.type on OpenAI's routes; empty is null
	Param      string // error.param; empty is null
	Suffix     string // what LiteLLM appends about fallbacks
	Repeat     bool   // the member provider_specific_fields of the error repeats the message
	OpenAIOnly bool   // LiteLLM answers in OpenAI's form even on /v1/messages

	Deployment *deployment.Deployment // nil when none was asked
	Header     http.Header            // of the upstream's reply
	Quota      []quota.Window         // that Header names
	Cause      transport.Cause        // why the connection failed; empty when the upstream answered
	Err        error                  // the error behind Cause, for the log
	Dropped    []string               // members of the request that were lost in its translation

	RetryAfter     time.Duration // the wait that the upstream asked for, or the rest of a cooldown
	FromRateLimit  bool          // RetryAfter comes from a rate-limit header
	Retry          bool          // another attempt may help
	Sibling        bool          // an attempt at a deployment that was not tried yet may help
	ForeignState   bool          // the upstream cannot read state in the request, which another one may have made
	RouteMissing   bool          // the upstream lacks MissingRoute; asking it in another dialect is not a retry
	MissingRoute   dialect.Dialect
	UpstreamStatus int  // with RouteMissing: the status that the upstream answered
	Harmless       bool // the failure says nothing about the deployment's health
	ClientGone     bool // the client disconnected: no reply is sent
	TooLong        bool // the prompt does not fit the model's context window
}

// Cooldown returns the failure in the form that package cooldown takes.
func (f *Failure) Cooldown() cooldown.Failure {
	return cooldown.Failure{
		Status: f.Status, Class: f.Class, Cause: f.Cause, RetryAfter: f.RetryAfter, FromRateLimit: f.FromRateLimit,
		Harmless: f.Harmless,
	}
}

// BadRequest returns the failure, with status 400, of a request that is itself at fault.
// param names the member or header at fault, if any.
func BadRequest(param, text string) *Failure {
	return &Failure{Status: http.StatusBadRequest, Text: text, Kind: "invalid_request_error", Param: param,
		Harmless: true}
}

// MemoryExhausted returns the failure of a request whose bytes do not fit into the budget of
// memory at the moment.
func MemoryExhausted() *Failure {
	return &Failure{Status: http.StatusServiceUnavailable, Kind: "server_error", Harmless: true,
		RetryAfter: time.Second,
		Text: "The router holds as many bytes of requests and replies as it may: try again in a second, or send " +
			"fewer large requests at once"}
}

// CeilSeconds returns a duration in seconds, rounded up.
func CeilSeconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
