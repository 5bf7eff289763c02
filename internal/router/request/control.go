package request

import (
	"encoding/json"
	"math"
	"strconv"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/failure"
)

// Control is what a client asks the router to do, within the limits of the configuration.
type Control struct {
	Retries     *int          // nil: the configured number, which is also the largest
	Timeout     time.Duration // of an attempt; 0: the configured one
	Fallbacks   []string      // nil: the configured ones
	NoFallbacks bool
	MockFailure bool // mock_testing_fallbacks, when the configuration allows it
}

// set sets what a member of the body asks for. The failure is nil when the value is valid.
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

// setRetries sets how often the request may be retried.
func (c *Control) setRetries(value string) *failure.Failure {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return failure.BadRequest("num_retries", "num_retries must be a whole number that is not negative")
	}
	c.Retries = &n
	return nil
}

// setTimeout sets how long an attempt may take; value is in seconds.
func (c *Control) setTimeout(value string) *failure.Failure {
	s, err := strconv.ParseFloat(value, 64)
	if err != nil || !(s > 0) || math.IsInf(s, 0) {
		return failure.BadRequest("timeout", "timeout must be a number of seconds above 0")
	}
	c.Timeout = time.Duration(min(s, 1e9) * float64(time.Second))
	return nil
}

// readControlHeaders reads the headers that ask for the same as members of the body. The
// headers take precedence.
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
