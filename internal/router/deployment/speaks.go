package deployment

import (
	"fmt"
	"sync/atomic"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// missingRoutes are the dialects that the upstream turned out not to have. They are
// remembered until the settings are loaded again.
type missingRoutes [dialect.Count]atomic.Bool

// OutgoingDialect returns the dialect in which a request in the dialect in is sent
// to the deployment. ok is false when the deployment cannot get it. This is where it
// is decided, for each attempt, whether a request passes through: the result is
// always in, because requests are not translated.
func (d *Deployment) OutgoingDialect(in dialect.Dialect) (out dialect.Dialect, ok bool) {
	return in, d.Dialects.Has(in) && !d.missing[in].Load()
}

// Serves reports whether the deployment may get requests in a dialect.
func (d *Deployment) Serves(in dialect.Dialect) bool {
	_, ok := d.OutgoingDialect(in)
	return ok
}

// NoteMissingRoute remembers that the upstream does not have a dialect. It reports
// whether that was not known before.
func (d *Deployment) NoteMissingRoute(in dialect.Dialect) (isNew bool) {
	return !d.missing[in].Swap(true)
}

// MissingRouteMessage returns which dialect the deployment cannot serve, why, and
// what to do.
func (d *Deployment) MissingRouteMessage(in dialect.Dialect) string {
	if !d.Dialects.Has(in) {
		if d.Kind == settings.Anthropic {
			return fmt.Sprintf("deployment %q speaks Anthropic Messages only, it has no %s, and requests are not translated into another dialect: use /v1/messages",
				d.ID, in)
		}
		return fmt.Sprintf("the provider of deployment %q (%s) has no %s, and requests are not translated into another dialect: use a route that it serves",
			d.ID, d.Model, in)
	}
	return fmt.Sprintf("The upstream of deployment %q does not serve %s, and requests are not translated into "+
		"another dialect: use a route that it serves, or correct its api_base.",
		d.ID, in)
}
