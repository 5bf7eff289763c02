package supervisor_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

// BenchmarkIdleWithProbes is the idle supervisor of a hundred services without
// and with an HTTP readiness probe at the default interval: its share of a core
// and its memory.
func BenchmarkIdleWithProbes(b *testing.B) {
	b.Run("none", func(b *testing.B) { idleWith(b, func(svc *config.Service) { svc.Port, svc.ReadinessPath = 0, "" }) })
	b.Run("default", func(b *testing.B) { idleWith(b, func(*config.Service) {}) })
}

func idleWith(b *testing.B, change func(*config.Service)) {
	listening, services := make([]config.Service, hundred), make([]config.Service, hundred)
	for i := range services {
		listening[i] = supervisortest.Trivial(b, "s"+strconv.Itoa(i))
		services[i] = listening[i]
		services[i].Probes = config.Probes{}
		change(&services[i])
	}
	s := supervisortest.NewStack(b, services...)
	s.MustStart()
	probes := func() (total int) {
		for _, svc := range listening {
			total += supervisortest.CountProbes(b, svc)
		}
		return total
	}
	supervisortest.Eventually(b, "all to listen", func() bool { return strings.Contains(s.Tail("s99"), "listening") })
	before := probes()
	share, memory := idle(b, s.Recorded()[0].PID, 10*time.Second)
	b.ReportMetric(float64(probes()-before), "probes-in-11-s")
	b.ReportMetric(share, "idle-%-of-a-core")
	b.ReportMetric(memory, "rss-MB")
	b.ReportMetric(0, "ns/op")
}
