package security_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/report"
)

// TestAPasswordOfRedisThatIsWrittenOutIsFound: as redis_password, and within redis_url; references are none.
func TestAPasswordOfRedisThatIsWrittenOutIsFound(t *testing.T) {
	t.Parallel()
	password := strings.Join([]string{"Zx9-qT4w", "Lm7_Rb2k"}, "")
	for setting, want := range map[string]report.Status{
		"redis_password: " + password:                             report.Fail,
		"redis_url: redis://:" + password + "@redis.example:6379": report.Fail,
		"redis_url: rediss://u:" + password + "@redis.example/0":  report.Fail,
		"redis_password: os.environ/REDIS_PASSWORD":               report.Pass,
		"redis_url: os.environ/REDIS_URL":                         report.Pass,
		"redis_url: redis://redis.example:6379/0":                 report.Pass,
	} {
		g := installation(t)
		g.Write("config/router.yaml", "router_settings:\n  "+setting+"\n")
		checked, examined := run(t, options(g.Dir))
		if got := status(checked, "secrets.tree"); got != want {
			t.Errorf("%s: %q, want %q: %+v", strings.ReplaceAll(setting, password, "…"), got, want, examined)
		}
	}
}
