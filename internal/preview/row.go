package preview

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sourcegraph/conc/iter"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/router/settings/document"
	"github.com/flowgate-go/flowgate/internal/router/upstream"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// addSettings adds the deployments and aliases of the settings.
func (p *Preview) addSettings(s *settings.Settings, locate document.Locator) {
	p.dropRepeatedWarnings()
	isServed := map[*settings.Deployment]bool{}
	for _, d := range s.Deployments {
		isServed[d] = true
	}
	rows := iter.Map(listInFileOrder(s), func(of **settings.Deployment) Deployment {
		d := *of
		row := describeDeployment(d, isServed[d])
		at := locate([]any{"model_list", d.Index})
		if row.Path, row.Line = at.Path, at.Line; at.File != s.Path && at.File != p.File {
			row.File = at.File
		}
		row.addWarnings(d.Warnings)
		return row
	})
	p.Deployments = append(p.Deployments, rows...)
	for _, a := range s.Aliases {
		p.Aliases = append(p.Aliases, Alias{Name: a.Name, Group: a.Target})
	}
	for _, g := range s.RoutingGroups {
		strategy := string(g.Balancing.Strategy)
		if g.HasPriorities() {
			strategy = "priority"
		}
		p.RoutingGroups = append(p.RoutingGroups, RoutingGroup{g.Name, g.Models, strategy, g.IsHidden})
	}
	slices.SortStableFunc(p.Problems, func(a, b yamlnode.Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column)
	})
}

// dropRepeatedWarnings removes the warnings about values for which there is a problem.
func (p *Preview) dropRepeatedWarnings() {
	isProblem := map[string]bool{}
	for _, problem := range p.Problems {
		isProblem[problem.Path] = true
	}
	p.Warnings = slices.DeleteFunc(p.Warnings, func(w config.Warning) bool { return isProblem[w.Path] })
}

// listInFileOrder returns all entries of model_list that have no problem, in the order of
// the file.
func listInFileOrder(s *settings.Settings) []*settings.Deployment {
	all := slices.Concat(s.Deployments, s.Unserved)
	slices.SortFunc(all, func(a, b *settings.Deployment) int { return a.Index - b.Index })
	return all
}

// addWarnings fills in the fields of the row that come from the warnings about its deployment.
func (row *Deployment) addWarnings(all []config.Warning) {
	for _, w := range all {
		switch {
		case w.Code == "setting-without-effect" || w.Code == "request-parameter-ignored":
			row.WithoutEffect = append(row.WithoutEffect, w.Path[strings.LastIndexByte(w.Path, '.')+1:])
		case !row.Serves:
			row.Reason = w.Message
		}
	}
}

// describeDeployment returns the row of a deployment without what addWarnings fills in.
func describeDeployment(d *settings.Deployment, serves bool) Deployment {
	row := Deployment{Group: d.Group, Model: d.Model, Provider: d.Provider, Upstream: d.Upstream, Serves: serves,
		Key: keyOf(d), index: d.Index}
	if d.Base != nil {
		row.Address = strings.TrimRight(redact.URL(d.Base.String()), "/")
	}
	if !serves {
		return row
	}
	row.Dialects = make([]Dialect, dialect.Converse) // no client speaks that one, which is the last
	var urls [dialect.Count]string
	for in := range dialect.Converse {
		row.Dialects[in] = describeDialect(d, in, &urls)
	}
	return row
}

// describeDialect returns how a deployment that can serve serves a dialect. urls are its addresses
// as far as they are known.
func describeDialect(d *settings.Deployment, in dialect.Dialect, urls *[dialect.Count]string) Dialect {
	out, ok := deployment.PlannedDialect(d, in)
	row := Dialect{Name: NameOf(in), How: Native, As: NameOf(out), Assumed: d.DialectsAssumed,
		Lost: deployment.UnsentParams(d, in, out)}
	switch {
	case d.Base == nil && d.Mock == nil:
		return Dialect{Name: row.Name, How: Depends}
	case (in == dialect.CountTokens || in == dialect.GeminiCount) && (!ok || d.Mock != nil):
		return Dialect{Name: row.Name, How: Estimated}
	case !ok || d.Mock != nil && !isMocked(in):
		return Dialect{Name: row.Name, How: Unserved}
	case d.Mock != nil:
		return Dialect{Name: row.Name, How: Mocked}
	case out != in:
		row.How = Translated
		if in != dialect.Compact { // the router asks for a summary itself
			row.Lost = append(upstream.Losses(d, in, out), row.Lost...)
			slices.Sort(row.Lost)
			row.Lost = slices.Compact(row.Lost)
		}
	}
	if urls[out] == "" {
		urls[out] = redact.URL(deployment.Address(d, out))
	}
	row.URL = urls[out]
	return row
}

// isMocked reports whether a mock_response can be a reply in the dialect.
func isMocked(in dialect.Dialect) bool {
	reply, _ := dialect.MockReply(in, `""`, `""`, 0, "")
	return reply != ""
}

// NameOf returns the name of a dialect in a preview.
func NameOf(in dialect.Dialect) string {
	switch in {
	case dialect.Chat:
		return "chat"
	case dialect.CountTokens:
		return "count_tokens"
	case dialect.Gemini:
		return "gemini"
	case dialect.GeminiCount:
		return "gemini_count_tokens"
	}
	return in.Path()
}

// keyOf returns where a deployment's key comes from.
func keyOf(d *settings.Deployment) Key {
	switch {
	case d.KeyVariable != "":
		return Key{Source: "environment", Name: d.KeyVariable, Set: d.Key != ""}
	case d.Key != "":
		return Key{Source: "file", Set: true}
	case d.AWS != nil || d.Vertex != nil:
		return Key{Source: "cloud", Name: d.Provider, Set: true}
	}
	return Key{Source: "none"}
}
