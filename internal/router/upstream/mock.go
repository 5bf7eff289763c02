package upstream

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/failure"
	"github.com/flowgate-go/flowgate/internal/router/reply"
)

// mock answers with the deployment's mock_response, without asking an upstream.
func (x *Exchange) mock(d *deployment.Deployment) (*reply.Answer, *failure.Failure) {
	q := x.request
	body, events := dialect.MockReply(q.Dialect, string(dialect.EncodeJSON(*d.Mock)), string(q.ModelLiteral),
		x.sender.Now().Unix(), q.ID)
	switch {
	case body == "":
		f := failure.BadRequest("", fmt.Sprintf("deployment %q has a mock_response, which cannot answer %s", d.ID,
			q.Dialect))
		f.Deployment = d
		return nil, f
	case !q.Stream || q.Dialect.IsCounting():
		return &reply.Answer{Deployment: d, Status: http.StatusOK, Body: []byte(body)}, nil
	}
	at, release := x.begin(x.limits(d))
	a := &reply.Answer{Deployment: d, Status: http.StatusOK, Events: x.newStream(),
		Source: io.NopCloser(strings.NewReader("")), Guard: &at.guard, Release: release}
	x.writer.SetOpening(a, []byte(events))
	return a, nil
}
