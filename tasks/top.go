package tasks

import (
	"context"
	"fmt"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
	"github.com/flowgate-go/flowgate/supervisor/observe"
)

// topHeader names the columns of the table that top draws.
var topHeader = []string{
	"SERVICE", "STATE", "READY", "PID", "UPTIME", "RESTARTS", "CPU %", "MEMORY", "FILES", "SOCKETS", "LAST DECISION",
}

// showTop redraws the table of services at the interval every until ctx ends. Without a
// terminal, or on one that cannot be drawn on again, it returns one status.
func showTop(ctx context.Context, s session, cfg *config.Config, every time.Duration) (any, error) {
	query := func(ctx context.Context) (control.Status, error) { return supervisor.Query(ctx, cfg) }
	if !s.out.Live || !s.out.Indent || s.out.Dumb {
		return query(ctx)
	}
	s.out.Quiet = true // the table has shown everything
	return nil, observe.Top(ctx, query, every, func(status control.Status) error {
		return s.out.Redraw(topHeader, topRows(status))
	})
}

// topRows returns the cells of each service under topHeader.
func topRows(status control.Status) [][]string {
	rows := make([][]string, 0, len(status.Services))
	for _, svc := range status.Services {
		uptime := time.Duration(svc.UptimeS * float64(time.Second)).Round(time.Second)
		row := []string{
			svc.Name, svc.State, fmt.Sprint(svc.Ready), fmt.Sprint(svc.PID), uptime.String(), fmt.Sprint(svc.Restarts),
		}
		row = append(row, usageCells(svc.Usage)...)
		rows = append(rows, append(row, decisionCell(svc.Decision)))
	}
	return rows
}

// usageCells returns the cells of processor, memory, files and sockets, "-" where they are unknown.
func usageCells(u *control.Usage) []string {
	if u == nil {
		return []string{"-", "-", "-", "-"}
	}
	count := func(n *int) string {
		if n == nil {
			return "-"
		}
		return fmt.Sprint(*n)
	}
	const megabyte = 1 << 20
	return []string{
		fmt.Sprintf("%.1f", u.CPUPct), fmt.Sprintf("%.1f MB", float64(u.RSS)/megabyte), count(u.Files), count(u.Sockets),
	}
}

// decisionCell returns the evidence and the reason of the last decision; "" when there was none.
func decisionCell(d *ledger.Decision) string {
	if d == nil {
		return ""
	}
	return d.Evidence + ": " + d.Reason
}
