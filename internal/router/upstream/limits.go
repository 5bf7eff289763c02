package upstream

import (
	"time"

	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/settings"
)

const (
	// openingFactor is how many times stream_timeout a stream may take until its first
	// content, while it sends comments or pings. It counts when neither ttft_timeout nor
	// timeout is set.
	openingFactor = 10

	// countTimeout is how long an upstream may take to count tokens: clients wait for
	// the number before they send the request itself.
	countTimeout = 5 * time.Second

	// errorTimeout is how long the body of an error may take: the status and the
	// headers say what matters most, and a fallback may be waiting.
	errorTimeout = 5 * time.Second
)

// limits returns how long an attempt at d may take. Without a stream, both results are
// the total time. With a stream, silence is the longest time in which nothing may come,
// not even a comment, and content is the time until the first content.
func (x *Exchange) limits(d *deployment.Deployment) (silence, content time.Duration) {
	s, in := x.sender.Settings, x.request.Dialect
	limit := settings.DefaultTimeout
	if in.IsAnthropic() || in.IsGoogle() || in == dialect.Responses {
		limit = settings.DefaultShortTimeout
	}
	configured := firstPositive(d.Timeout, s.Timeout)
	limit = firstPositive(configured, limit)
	silence, content = limit, limit
	if x.request.Stream {
		stream := firstPositive(d.StreamTimeout, s.StreamTimeout)
		silence = firstPositive(stream, limit)
		if stream > 0 && configured == 0 {
			content = min(limit, openingFactor*stream)
		}
		content = firstPositive(d.FirstContentTimeout, s.FirstContentTimeout, max(content, silence))
	}
	if in.IsCounting() {
		silence, content = min(silence, countTimeout), min(content, countTimeout)
	}
	if asked := x.request.Control.Timeout; asked > 0 {
		silence, content = min(silence, asked), min(content, asked)
	}
	return silence, content
}

// firstPositive returns the first duration above 0, or 0 when there is none.
func firstPositive(list ...time.Duration) time.Duration {
	for _, d := range list {
		if d > 0 {
			return d
		}
	}
	return 0
}
