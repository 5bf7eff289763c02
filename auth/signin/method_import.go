package signin

import (
	"context"
	"slices"

	"github.com/flowgate-go/flowgate/auth/draft"
	"github.com/flowgate-go/flowgate/auth/signin/session"
	"github.com/flowgate-go/flowgate/auth/source"
	"github.com/flowgate-go/flowgate/auth/source/tool"
)

// runImport takes what another program has.
func runImport(ctx context.Context, s *session.Session) ([]draft.Draft, error) {
	return source.Gather(ctx, s.Config, s.Env, s.Provider.Name, source.Options{Source: s.Options.File, Project: s.Options.Project, Secret: s.Options.Terminal.Secret})
}

func readyImport(s *session.Session) string {
	if slices.ContainsFunc(tool.All(), func(src tool.Tool) bool { return src.Provider == s.Provider.Name }) {
		return ""
	}
	return "no tool is known to keep its credentials"
}
