package daemon

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// terminations returns a context that SIGTERM and SIGINT end. SIGHUP, the
// closed terminal, is caught and forgotten; it is not set to be ignored, since
// services would inherit that.
func terminations(ctx context.Context) (context.Context, func()) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	return ctx, func() {
		stop()
		signal.Stop(hangups)
	}
}
