package cluster_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/flowgate-go/flowgate/internal/clientkey"
)

func TestTheLedgersOfAllRoutersAreSummedUp(t *testing.T) {
	t.Parallel()
	var key string
	c := startCluster(t, func(c *cluster) { key = c.createKey("laptop", clientkey.Limits{}) })
	const asked = 4 * routers
	for range asked {
		if got := ask(c.url, key, ""); got.status != 200 {
			t.Fatalf("%d %v %s", got.status, got.err, got.body)
		}
	}
	var report struct {
		Data struct {
			Ledgers int
			Lines   []struct {
				Name     string
				Requests int
				Cost     float64
			}
		}
	}
	eventually(t, "the rows of all routers are written", func() bool {
		cmd := exec.CommandContext(t.Context(), c.routers[0].command[0], "usage:report", "-format=json",
			"-ledgers="+filepath.Dir(c.routers[0].usage))
		cmd.Dir = t.TempDir()
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if err := json.Unmarshal(out, &report); err != nil {
			t.Fatal(err)
		}
		return len(report.Data.Lines) == 1 && report.Data.Lines[0].Requests == asked
	})
	line := report.Data.Lines[0]
	if cost := fmt.Sprintf("%.2f", line.Cost); report.Data.Ledgers != routers || line.Name != "laptop" || cost != "0.24" {
		t.Errorf("%+v", report)
	}
}
