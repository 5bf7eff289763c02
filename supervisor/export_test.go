package supervisor

import (
	"time"

	"github.com/flowgate-go/flowgate/internal/probe"
)

// Lasting is the silence of a service that may be silent for limit, over at
// least so many questions.
func Lasting(limit time.Duration, least int) func(f probe.Finding, asked time.Time) bool {
	return (&silence{limit: limit, least: least}).lasts
}
