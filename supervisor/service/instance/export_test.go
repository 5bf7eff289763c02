package instance

import (
	"time"

	"github.com/flowgate-go/flowgate/internal/probe"
)

// IsSilenceExceeded reports for one answer after another whether a service that
// may be silent for limit, over at least minProbes probes, has been silent for
// too long.
func IsSilenceExceeded(limit time.Duration, minProbes int) func(f probe.Finding, asked time.Time) bool {
	return (&silence{limit: limit, minProbes: minProbes}).isExceeded
}
