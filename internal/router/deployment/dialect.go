package deployment

import (
	"fmt"
	"sync/atomic"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
)

// missingRoutes are the dialects that the upstream turned out not to have. They are
// remembered until the settings are loaded again.
type missingRoutes [dialect.Count]atomic.Bool

// translations are the dialects that a request in a dialect can be translated into; the
// translation that loses least comes first. Requests in other dialects, and those that
// count tokens, are not translated.
var translations = [dialect.Count][]dialect.Dialect{
	dialect.Chat:      {dialect.Responses, dialect.Converse, dialect.Messages},
	dialect.Messages:  {dialect.Chat, dialect.Responses, dialect.Converse},
	dialect.Responses: {dialect.Chat, dialect.Converse, dialect.Messages},
	dialect.Compact:   {dialect.Responses, dialect.Chat, dialect.Converse, dialect.Messages},
	dialect.Gemini:    {dialect.Chat, dialect.Responses, dialect.Converse, dialect.Messages},
}

// OutgoingDialect returns the dialect in which a request in the dialect in is sent
// to the deployment: in itself where the upstream has it, so that the request passes
// through; else one that it can be translated into. ok is false when the upstream has
// none of them. Ask before each attempt: a reply may have shown that a route is missing.
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

// Serves reports whether the deployment can answer requests in a dialect, translated ones
// included.
func (d *Deployment) Serves(in dialect.Dialect) bool {
	_, ok := d.OutgoingDialect(in)
	return ok
}

// NoteMissingRoute remembers that the upstream does not have a dialect. It reports
// whether that was not known before.
func (d *Deployment) NoteMissingRoute(in dialect.Dialect) (isNew bool) {
	return !d.missing[in].Swap(true)
}

// LacksRoute reports whether the upstream answered that it does not have a dialect.
func (d *Deployment) LacksRoute(in dialect.Dialect) bool { return d.missing[in].Load() }

// MissingRouteMessage returns the message for a client whose dialect the deployment cannot
// serve: why, and what to do.
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
