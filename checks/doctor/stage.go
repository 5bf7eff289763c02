package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http/httptrace"
	"net/url"
	"sync"
)

// stages returns a context whose request keeps *at at the stage that it has
// reached: dns, connect, tls, http. The transport may call from several
// goroutines, and some of them after the request has ended.
func stages(ctx context.Context, at *string) context.Context {
	order := map[string]int{"dns": 0, "connect": 1, "tls": 2, "http": 3}
	var mu sync.Mutex
	enter := func(stage string) {
		mu.Lock()
		defer mu.Unlock()
		if ctx.Err() == nil && order[stage] > order[*at] {
			*at = stage
		}
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
	})
}

// cause is what went wrong with a request, without the URL.
func cause(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err.Error()
	}
	return err.Error()
}
