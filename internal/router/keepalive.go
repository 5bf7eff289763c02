package router

import (
	"time"

	"github.com/samber/lo"
)

// keepAliveKey is LiteLLM's name of the interval of keep-alives, under
// litellm_settings; the router reads it under general_settings too.
const keepAliveKey = "sse_keepalive_ping_interval_seconds"

// readKeepAlive reads how long a client that waits for a stream may hear
// nothing; 0 means for ever.
func readKeepAlive(litellm, general section) time.Duration {
	return *lo.CoalesceOrEmpty(litellm.interval(keepAliveKey), general.interval(keepAliveKey), lo.ToPtr(defaultKeepAlive))
}

// keepAliveOf is the interval for requests to g. Which deployment answers is
// not known while the client waits, so the first one that sets it decides.
func (r *Router) keepAliveOf(g *group) time.Duration {
	for _, d := range g.deployments {
		if d.keepAlive != nil {
			return *d.keepAlive
		}
	}
	return r.settings.keepAlive
}
