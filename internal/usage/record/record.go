// Package record holds what is noted of one request of a client: who asked for what, which
// deployment answered, how fast, with how many tokens. The router fills a Request in; the
// ledger, metrics and traces read it.
//
// It never holds a part of a prompt or of a reply, and no key.
package record

import (
	"time"

	"github.com/flowgate-go/flowgate/internal/usage/quota"
)

// Request is one request of a client, from its beginning to its end. Texts are as the client
// or the upstream sent them; Clean shortens those that a client chooses freely.
type Request struct {
	Start     time.Time
	Duration  time.Duration // until the reply was sent
	FirstByte time.Duration // from Start until the reply, or the first content of a stream, was there; 0: none came
	Asked     time.Duration // from Start until the last attempt began; 0 when no deployment was asked
	Upstream  time.Duration // from the beginning of the last attempt until the end of its reply

	ID        string // the call's id, in x-litellm-call-id
	Client    string // the name of the key that the client sent; Gateway for the gateway key
	UserAgent string // as Clean leaves it
	Session   string // the id of the session that the client names; empty when it names none
	AgentID   string // of the subagent within the session; empty: the main one

	TraceParent string // the header traceparent of the client, as it came; at most MaxTraceParent bytes

	Route    string // in the router's spelling, such as /v1/messages
	Streamed bool   // the client asked for a stream

	Requested string // the model that the client asked for
	Group     string // the group that was asked first; empty when there is none of that name
	Fallback  string // the group that answered in place of Group; empty when none had to

	Deployment string // model_info.id of the last deployment that was asked; empty when none was
	Provider   string // the prefix of its provider, such as openai; empty when unknown
	Host       string // of its address, with the port
	Model      string // its upstream's name of the model
	Account    string // that answered: CLIProxyAPI's auth_index, or the provider's organization; empty: unknown

	Status   int       // of the reply; of a stream that failed, that of the failure; StatusClientGone
	Class    string    // LiteLLM's class of the failure, or the error's type without one; empty: no failure
	Attempts int       // requests to deployments
	Failed   []Attempt // in their order, also a stream that failed after its beginning

	RequestBytes int64
	ReplyBytes   int64 // of the reply's body, as far as it was sent

	Tokens    Tokens
	Cost      float64 // in dollars; set by whoever knows prices, before the ledger gets the request
	CostKnown bool

	Quota []quota.Window // as the last reply's headers told them
}

// Gateway is the name of the client that sends the gateway key.
const Gateway = "gateway"

// StatusClientGone is the status of a request whose client disconnected before its reply was
// complete, as nginx logs it.
const StatusClientGone = 499

// ClassClientGone is the class of such a request.
const ClassClientGone = "ClientDisconnected"

// IsFailure reports whether the client did not get a whole good reply.
func (r *Request) IsFailure() bool { return r.Class != "" || r.Status >= 400 }

// Attempt is one request to a deployment that failed.
type Attempt struct {
	Deployment, Group, Provider, Host, Model string // as in Request

	Status int    // that the failure has for clients
	Class  string // LiteLLM's class of the failure; empty when the request itself is at fault
}

// Tokens is the usage that an upstream tells. The zero value is that of a reply which told none.
type Tokens struct {
	Known     bool
	Estimated bool // by the router, because the upstream sent none

	Input          int // all tokens of the request, including the cached ones
	Cached         int // the part of Input that was read from a cache
	CacheWrite     int // the part of Input that was written to a cache
	CacheWriteHour int // the part of CacheWrite that stays there for an hour instead of five minutes
	Output         int // all tokens of the reply, including reasoning
	Reasoning      int // the part of Output that is reasoning
}

// Total returns the tokens of request and reply.
func (t *Tokens) Total() int { return t.Input + t.Output }
