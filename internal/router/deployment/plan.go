package deployment

import (
	"slices"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// PlannedDialect returns what OutgoingDialect returns as long as no reply has shown that
// the upstream lacks a route.
func PlannedDialect(s *settings.Deployment, in dialect.Dialect) (out dialect.Dialect, ok bool) {
	if s.Dialects.Has(in) {
		return in, true
	}
	i := slices.IndexFunc(translations[in], s.Dialects.Has)
	if i < 0 {
		return in, false
	}
	return translations[in][i], true
}

// Address returns the address that requests in a dialect are sent to; empty when the
// deployment has no api_base.
func Address(s *settings.Deployment, in dialect.Dialect) string {
	if s.Base == nil {
		return ""
	}
	return endpoint(s, in).String()
}
