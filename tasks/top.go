package tasks

import (
	"context"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/observe"
)

// watch redraws the table until ctx ends. Without a terminal it is one status.
func watch(ctx context.Context, s session, cfg *config.Config, every time.Duration) (any, error) {
	query := func(ctx context.Context) (control.Status, error) { return supervisor.Query(ctx, cfg) }
	if !s.out.Live || !s.out.Indent {
		return query(ctx)
	}
	s.out.Quiet = true // the table was what there is to see
	return nil, observe.Top(ctx, query, every, func(status control.Status) error {
		_, err := os.Stderr.WriteString("\x1b[H\x1b[2J" + table(status))
		return err
	})
}

// table is a status for people, a line a service.
func table(status control.Status) string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "SERVICE\tSTATE\tREADY\tPID\tUPTIME\tRESTARTS\tCPU %\tMEMORY\tFILES\tSOCKETS\tLAST DECISION")
	for _, svc := range status.Services {
		uptime := time.Duration(svc.UptimeS * float64(time.Second)).Round(time.Second)
		_, _ = fmt.Fprintf(w, "%s\t%s\t%t\t%d\t%v\t%d\t%s\t%s\n", svc.Name, svc.State, svc.Ready, svc.PID, uptime, svc.Restarts, usage(svc.Usage), decision(svc.Decision))
	}
	_ = w.Flush() // into memory
	return text.String()
}

func usage(u *control.Usage) string {
	if u == nil {
		return "-\t-\t-\t-"
	}
	count := func(n *int) string {
		if n == nil {
			return "-"
		}
		return fmt.Sprint(*n)
	}
	return fmt.Sprintf("%.1f\t%.1f MB\t%s\t%s", u.CPUPct, float64(u.RSS)/(1<<20), count(u.Files), count(u.Sockets))
}

func decision(d *control.Decision) string {
	if d == nil {
		return ""
	}
	return d.Evidence + ": " + d.Reason
}
