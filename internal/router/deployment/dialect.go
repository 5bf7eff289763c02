package deployment

import (
	"fmt"
	"sync/atomic"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
)

// missingRoutes are the dialects that the upstream turned out not to have. They are
// remembered until the settings are loaded again.
type missingRoutes [dialect.Count]atomic.Bool

// translations are the dialects that a request can be translated into, the one that
// loses least first. The others are not translated, and tokens are counted by an
// upstream that has Anthropic's route, or estimated.
var translations = [dialect.Count][]dialect.Dialect{
	dialect.Chat:      {dialect.Responses, dialect.Messages},
	dialect.Messages:  {dialect.Chat, dialect.Responses},
	dialect.Responses: {dialect.Chat, dialect.Messages},
	dialect.Compact:   {dialect.Responses, dialect.Chat, dialect.Messages},
	dialect.Gemini:    {dialect.Chat, dialect.Responses, dialect.Messages},
}

// OutgoingDialect returns the dialect in which a request in the dialect in is sent
// to the deployment: in itself where the upstream has it, so that the request passes
// through; else one that it can be translated into. ok is false when the deployment
// has none of them. This is decided for each attempt: routes turn out to be missing.
func (d *Deployment) OutgoingDialect(in dialect.Dialect) (out dialect.Dialect, ok bool) {
	if d.has(in) {
		return in, true
	}
	for _, out := range translations[in] {
		if d.has(out) {
			return out, true
		}
	}
	return in, false
}

// has reports whether the upstream has a dialect, as far as is known.
func (d *Deployment) has(in dialect.Dialect) bool {
	return d.Dialects.Has(in) && !d.missing[in].Load()
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
	if translations[in] == nil {
		return fmt.Sprintf("The upstream of deployment %q (%s) does not serve %s, and such requests are not translated: use "+
			"a route that it serves.",
			d.ID, d.Model, in)
	}
	return fmt.Sprintf("The upstream of deployment %q (%s) serves neither %s nor a route that such a request can be "+
		"translated for: correct its api_base.",
		d.ID, d.Model, in)
}
