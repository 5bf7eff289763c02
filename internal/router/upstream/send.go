package upstream

import (
	"context"
	"io"
	"net/http"

	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/transport"
)

// roundTrip sends the request to d. Upstreams close idle connections at a time of
// their own, which may be the moment when a request is sent on one: then the request
// is sent once more, at once and on a new connection.
func (x *Exchange) roundTrip(ctx context.Context, d *deployment.Deployment) (*http.Response, error) {
	x.trace.Reused = false
	res, err := x.sender.Transport.Shared.RoundTrip(x.newRequest(ctx, d))
	if err != nil && x.trace.Reused && ctx.Err() == nil && transport.IsClosedUnanswered(err) {
		return x.sender.Transport.Unshared.RoundTrip(x.newRequest(ctx, d))
	}
	return res, err
}

// newRequest returns the request to d.
func (x *Exchange) newRequest(ctx context.Context, d *deployment.Deployment) *http.Request {
	in, clientKey := x.request.HTTP, x.sender.Settings.MasterKey
	out, _ := d.OutgoingDialect(x.request.Dialect) // route asks only deployments that have one
	query := ""
	if out.IsAnthropic() {
		query = deployment.ForwardedQuery(in.URL.RawQuery, clientKey)
	}
	body, size := x.request.NewBody(d.ModelLiteral)
	u := d.URL(out, query)
	req := &http.Request{Method: http.MethodPost, URL: u, Host: u.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: d.HeaderFor(out, in.Header, clientKey), Body: body, ContentLength: size}
	req.GetBody = func() (io.ReadCloser, error) { // for a kept connection that the upstream closed meanwhile
		body, _ := x.request.NewBody(d.ModelLiteral)
		return body, nil
	}
	return req.WithContext(ctx)
}
