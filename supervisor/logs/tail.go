package logs

import (
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/logfile"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// Tail returns the last n lines that a service wrote; none when it has no log.
func Tail(cfg *config.Config, service string, n int) []string {
	lines, _ := logfile.LastLines(control.LogPath(cfg, service), 0, n)
	return lines
}
