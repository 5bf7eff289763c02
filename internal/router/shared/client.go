package shared

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// callTimeout is how long one round trip to Redis may take. No request of a client waits for it.
const callTimeout = 500 * time.Millisecond

// silentLog takes what go-redis would write to the standard error, where the router's log is.
type silentLog struct{}

// Printf implements go-redis' logger.
func (silentLog) Printf(context.Context, string, ...any) {}

// silence turns off the log of go-redis, which is one for the whole process.
var silence = sync.OnceFunc(func() { redis.SetLogger(silentLog{}) })

// dialer connects with Redis in place of the network; nil: the network does.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// newClient returns a client that connects when it is first used. It speaks the oldest protocol that all
// versions of Redis, and those that took after it, understand.
func newClient(r *settings.Redis, dial dialer) *redis.Client {
	silence()
	o := &redis.Options{
		Network: r.Network, Addr: r.Address, Username: r.Username, Password: r.Password, DB: r.DB,
		Protocol: 2, DisableIdentity: true, MaxRetries: -1, DialerRetries: 1, DialTimeout: callTimeout,
		ReadTimeout: callTimeout, WriteTimeout: callTimeout, ContextTimeoutEnabled: true,
		PoolSize: 2, PipelinePoolSize: -1, PoolTimeout: callTimeout,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	if dial != nil {
		o.Dialer = dial
	}
	if r.TLS {
		o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return redis.NewClient(o)
}
