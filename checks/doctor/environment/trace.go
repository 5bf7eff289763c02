package environment

import (
	"context"
	"crypto/tls"
	"net/http/httptrace"
	"slices"
	"sync"
)

// traceStages returns a context for a request, and a func that returns the stage that
// the request has reached: dns, connect, tls, http. The transport may call from several
// goroutines, and some of them after the request has ended.
func traceStages(ctx context.Context) (traced context.Context, reached func() string) {
	order := [...]string{"dns", "connect", "tls", "http"}
	var mu sync.Mutex
	at := 0
	enter := func(stage string) {
		mu.Lock()
		defer mu.Unlock()
		if ctx.Err() == nil {
			at = max(at, slices.Index(order[:], stage))
		}
	}
	reached = func() string {
		mu.Lock()
		defer mu.Unlock()
		return order[at]
	}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSDone: func(info httptrace.DNSDoneInfo) {
			if info.Err == nil {
				enter("connect")
			}
		},
		ConnectStart:      func(string, string) { enter("connect") },
		TLSHandshakeStart: func() { enter("tls") },
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) {
			if err == nil {
				enter("http")
			}
		},
		WroteRequest: func(httptrace.WroteRequestInfo) { enter("http") },
	}), reached
}
