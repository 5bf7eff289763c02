package upstream

import (
	"slices"

	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/failure"
	"github.com/flowgate-go/flowgate/internal/router/splice"
)

// refusesUnknownParams reports whether a parameter that d's dialect does not have is an
// error. d's own drop_params takes precedence over the general setting.
func (x *Exchange) refusesUnknownParams(d *deployment.Deployment) bool {
	if d.RefuseUnknownParams != nil {
		return *d.RefuseUnknownParams
	}
	return x.sender.Settings.RefuseUnknownParams
}

// dropMembers makes a body without the members that d does not get, if the client sent
// any of them. It leaves forms as they are.
func (x *Exchange) dropMembers(d *deployment.Deployment) *failure.Failure {
	if !x.hasDroppedMember(d) {
		return nil
	}
	body := x.rewritten
	if body == nil {
		var f *failure.Failure
		if body, f = x.copyBody(x.changes(d)); f != nil {
			return f
		}
	}
	x.rewritten = withoutDropped(d, body)
	return x.hold(len(x.rewritten))
}

// hasDroppedMember reports whether the client sent a member that d does not get. It is
// false for forms.
func (x *Exchange) hasDroppedMember(d *deployment.Deployment) bool {
	return len(d.Dropped) > 0 && x.request.ContentType() == "" && slices.ContainsFunc(d.Dropped, x.request.Sent)
}

// withoutDropped returns a body without the members that d does not get.
func withoutDropped(d *deployment.Deployment, body []byte) []byte {
	return splice.Without(body, func(key []byte) bool { return slices.Contains(d.Dropped, string(key)) })
}
