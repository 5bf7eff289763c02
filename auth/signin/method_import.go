package signin

import (
	"context"
	"slices"

	"github.com/flowgate-go/flowgate/auth/draft"
	"github.com/flowgate-go/flowgate/auth/signin/session"
	"github.com/flowgate-go/flowgate/auth/source"
	"github.com/flowgate-go/flowgate/auth/source/tool"
)

// runImport reads the credential that the provider's own tool has.
func runImport(ctx context.Context, s *session.Session) ([]draft.Draft, error) {
	return source.Gather(ctx, s.Config, s.Env, s.Provider.Name,
		source.Options{Source: s.Options.File, Project: s.Options.Project, Secret: s.Options.Terminal.Secret})
}

// importNotReady returns why there is nothing to import from; "" if there is a tool.
func importNotReady(s *session.Session) string {
	if slices.ContainsFunc(tool.All(), func(src tool.Tool) bool { return src.Provider == s.Provider.Name }) {
		return ""
	}
	return "FlowGate knows no tool that keeps its credentials"
}
