package upstream

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/request"
	"github.com/flowgate-go/flowgate/internal/router/transport"
)

// roundTrip sends the request to d. An upstream may close an idle connection at the
// moment when a request is sent on it: then the request is sent once more, at once and on
// a new connection.
func (x *Exchange) roundTrip(ctx context.Context, d *deployment.Deployment) (*http.Response, error) {
	x.trace.Reused = false
	res, err := x.sender.Transport.Shared.RoundTrip(x.newRequest(ctx, d))
	if err != nil && x.trace.Reused && ctx.Err() == nil && transport.IsClosedUnanswered(err) {
		return x.sender.Transport.Unshared.RoundTrip(x.newRequest(ctx, d))
	}
	return res, err
}

// newRequest returns the HTTP request to d.
func (x *Exchange) newRequest(ctx context.Context, d *deployment.Deployment) *http.Request {
	in, clientKey := x.request.HTTP, x.sender.Settings.MasterKey
	query := ""
	if x.out.IsAnthropic() && x.call == nil && !d.IsCloud() {
		query = deployment.ForwardedQuery(in.URL.RawQuery, clientKey)
	}
	body, size := x.newBody(d)
	u := d.URL(x.out, x.request.Stream, query)
	header := d.HeaderFor(x.out, x.forwardedHeader(), clientKey)
	if kind := x.request.ContentType(); kind != "" { // it has the boundary of a form
		header = maps.Clone(header)
		header["Content-Type"] = []string{kind}
	}
	if d.IsCloud() {
		header = x.cloudHeader(d, header)
	}
	req := &http.Request{Method: http.MethodPost, URL: u, Host: u.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: body, ContentLength: size}
	req.GetBody = func() (io.ReadCloser, error) { // for a kept connection that the upstream has closed in the meantime
		body, _ := x.newBody(d)
		return body, nil
	}
	return req.WithContext(ctx)
}

// newBody returns the body for d and its length in bytes.
func (x *Exchange) newBody(d *deployment.Deployment) (io.ReadCloser, int64) {
	switch size := int64(len(x.rewritten)); {
	case x.buffer != nil:
		return request.Lend(x.rewritten, &x.buffer.loans), size
	case x.rewritten != nil:
		return io.NopCloser(bytes.NewReader(x.rewritten)), size
	}
	return x.request.NewBody(x.changes(d))
}

// forwardedHeader returns the fields of the client's header that the upstream may get. Of
// a translated request, it leaves out those that belong to the client's dialect.
func (x *Exchange) forwardedHeader() http.Header {
	client := x.request.HTTP.Header
	if x.call == nil {
		return client
	}
	header := maps.Clone(client)
	maps.DeleteFunc(header, func(name string, _ []string) bool {
		return strings.HasPrefix(name, "Anthropic-") || name == "Openai-Beta"
	})
	return header
}
