package request

import (
	"encoding/json"
	"math"
	"strconv"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/failure"
)

// Control is what a client asks of the router. Each is bounded by the configuration.
type Control struct {
	Retries     *int          // at most the configured number counts; nil: not asked
	Timeout     time.Duration // 0: not asked
	Fallbacks   []string      // nil: not asked
	NoFallbacks bool
	MockFailure bool // mock_testing_fallbacks, when the configuration allows it
}

// set reads a member of the body. The failure is nil when the value is valid.
func (c *Control) set(key string, value []byte) *failure.Failure {
	if string(value) == "null" {
		return nil
	}
	switch key {
	case "num_retries":
		return c.setRetries(string(value))
	case "timeout":
		return c.setTimeout(string(value))
	case "disable_fallbacks":
		c.NoFallbacks = string(value) == "true"
	case "fallbacks":
		if json.Unmarshal(value, &c.Fallbacks) != nil {
			return failure.BadRequest("fallbacks", "fallbacks must be a list of model names")
		}
	}
	return nil
}

// setRetries reads how often the request may be retried.
func (c *Control) setRetries(value string) *failure.Failure {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return failure.BadRequest("num_retries", "num_retries must be a whole number from 0")
	}
	c.Retries = &n
	return nil
}

// setTimeout reads how long an attempt may take, in seconds.
func (c *Control) setTimeout(value string) *failure.Failure {
	s, err := strconv.ParseFloat(value, 64)
	if err != nil || !(s > 0) || math.IsInf(s, 0) {
		return failure.BadRequest("timeout", "timeout must be seconds above 0")
	}
	c.Timeout = time.Duration(min(s, 1e9) * float64(time.Second))
	return nil
}

// readControlHeaders reads the headers that ask the same as members of the body; the headers win.
func (q *Request) readControlHeaders() *failure.Failure {
	if v := q.HTTP.Header["X-Litellm-Num-Retries"]; len(v) > 0 {
		if f := q.Control.setRetries(v[0]); f != nil {
			return f
		}
	}
	if v := q.HTTP.Header["X-Litellm-Timeout"]; len(v) > 0 {
		return q.Control.setTimeout(v[0])
	}
	return nil
}
