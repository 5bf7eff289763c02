package routing_test

import (
	"testing"

	"github.com/flowgate-go/flowgate/checks/doctor/routing"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/router/settings"
)

func TestWhereARedisNeedsAPasswordAndTLS(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		network, address, password string
		tls                        bool
		want                       report.Status
	}{
		{"tcp", "127.0.0.1:6379", "", false, report.Pass},
		{"tcp", "localhost:6379", "", false, report.Pass},
		{"tcp", "[::1]:6379", "", false, report.Pass},
		{"unix", "/run/redis/redis.sock", "", false, report.Pass},
		{"tcp", "redis:6379", "", false, report.Warn},
		{"tcp", "redis:6379", "p", false, report.Pass},
		{"tcp", "redis.flowgate.svc:6379", "p", false, report.Pass},
		{"tcp", "redis.flowgate.svc.cluster.local.:6379", "p", false, report.Pass},
		{"tcp", "10.1.2.3:6379", "p", false, report.Pass},
		{"tcp", "10.1.2.3:6379", "", false, report.Warn},
		{"tcp", "[fd00::1]:6379", "p", false, report.Pass},
		{"tcp", "8.8.8.8:6379", "p", false, report.Fail},
		{"tcp", "redis.example.com:6379", "p", false, report.Fail},
		{"tcp", "redis.example.com:6379", "p", true, report.Pass},
		{"tcp", "redis.example.com:6379", "", true, report.Warn},
		{"tcp", "svc.example:6379", "p", false, report.Fail},
	} {
		r := &settings.Redis{Network: c.network, Address: c.address, Password: c.password, TLS: c.tls}
		if got := routing.JudgeRedis(r); got.Status != c.want {
			t.Errorf("%+v: %s, want %s", c, got.Status, c.want)
		}
	}
}
