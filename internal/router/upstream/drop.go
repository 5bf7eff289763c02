package upstream

import (
	"slices"

	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
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
// any of them. A form loses its parts when it is sent.
func (x *Exchange) dropMembers(d *deployment.Deployment) *failure.Failure {
	if !x.hasDroppedMember(d) {
		return nil
	}
	if f := x.rewrite(d); f != nil {
		return f
	}
	x.rewritten = withoutDropped(d, x.rewritten)
	return x.hold(len(x.rewritten))
}

// rewrite makes a body for d that can be changed, unless there is one already.
func (x *Exchange) rewrite(d *deployment.Deployment) (f *failure.Failure) {
	if x.rewritten == nil {
		x.rewritten, f = x.copyBody(x.changes(d))
	}
	return f
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

// addGeneration makes a body whose generationConfig has the parameters of d's entry that
// the client did not send. In Google's dialect parameters are members of that object.
func (x *Exchange) addGeneration(d *deployment.Deployment) *failure.Failure {
	if len(d.Generation) == 0 || x.out != dialect.Gemini {
		return nil
	}
	if f := x.rewrite(d); f != nil {
		return f
	}
	x.rewritten = addGenerationConfig(x.rewritten, d.Generation)
	return x.hold(len(x.rewritten))
}

// addGenerationConfig returns a request in Google's dialect with those of the members that
// its generationConfig does not have.
func addGenerationConfig(body []byte, members []dialect.Member) []byte {
	from, to := 0, 0
	_ = splice.Members(body, func(key []byte, start, end int) bool { // the body was read already
		if name := string(key); name == "generationConfig" || name == "generation_config" {
			from, to = start, end
		}
		return true
	})
	if from == 0 || string(body[from:to]) == "null" {
		config := dialect.NewMember("generationConfig", addDefaults([]byte("{}"), members))
		config.Also = "generation_config"
		if from > 0 {
			return slices.Concat(body[:from], config.Value, body[to:])
		}
		return addDefaults(body, []dialect.Member{config})
	}
	return slices.Concat(body[:from], addDefaults(slices.Clone(body[from:to]), members), body[to:])
}

// dropped returns the members of the client's request, and the parameters of d's entry, that
// the upstream did not get.
func (x *Exchange) dropped(d *deployment.Deployment) []string {
	unsent := d.UnsentIn(x.request.Dialect, x.out)
	if x.call == nil {
		return unsent
	}
	all := x.call.Dropped()
	for _, name := range unsent {
		if !slices.Contains(all, name) {
			all = append(slices.Clip(all), name)
		}
	}
	return all
}
