package auth

import (
	"context"
	"slices"
)

// runImport takes what another program has.
func runImport(ctx context.Context, s *signIn) ([]draft, error) {
	return gather(ctx, s.cfg, s.env, s.provider.Name, ImportOptions{Source: s.o.File, Project: s.o.Project, Secret: s.o.Person.Secret})
}

func readyImport(s *signIn) string {
	if slices.ContainsFunc(sources(), func(src source) bool { return src.provider == s.provider.Name }) {
		return ""
	}
	return "no tool is known to keep its credentials"
}
