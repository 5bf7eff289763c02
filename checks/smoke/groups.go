package smoke

import (
	"context"
	"slices"

	"github.com/flowgate-go/flowgate/internal/preview"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/state"
	"github.com/flowgate-go/flowgate/internal/terminal"
	"github.com/flowgate-go/flowgate/supervisor"
)

// Group says how a model group serves the clients' dialects.
type Group struct {
	Group    string   `json:"group"`
	Dialects []Served `json:"dialects"`
}

// Served is how a group serves one dialect: native, translated or none; mixed when its
// deployments differ.
type Served struct {
	Name string `json:"name"` // chat, responses, messages or gemini
	How  string `json:"how"`
	// Assumed is set while nothing is known of the address: it is asked natively, and by a
	// translation from then on if it answers that it lacks the route.
	Assumed bool `json:"assumed,omitempty"`
}

// What Served.How has besides preview.Native and preview.Translated.
const (
	none  = "none"
	mixed = "mixed"
)

// groupDialects are the dialects that clients send.
var groupDialects = [...]string{"chat", "responses", "messages", "gemini"}

// groups returns how each group of the router serves the clients' dialects, nil when the router
// is another program than the embedded one, whose rules are not known. What was assumed of the
// group that was tried, the router's state after the requests confirms or corrects.
func (s *stack) groups(ctx context.Context, tried string, results []report.Result) []Group {
	all := s.plannedGroups()
	if len(all) == 0 {
		return nil
	}
	status, err := supervisor.QueryWithDeployments(ctx, s.cfg)
	if err != nil {
		return all
	}
	for _, svc := range status.Services {
		if svc.Router == nil {
			continue
		}
		for _, g := range all {
			g.correct(svc.Router.MissingRoutes, tried, results)
		}
	}
	return all
}

// correct replaces what was assumed by what upstreams answered: a route that one lacks is
// translated, one that answered in this run is native.
func (g Group) correct(missing []state.MissingRoute, tried string, results []report.Result) {
	for i, in := range g.Dialects {
		isMissing := slices.ContainsFunc(missing, func(m state.MissingRoute) bool {
			return m.Group == g.Group && m.Route == routeOf(in.Name)
		})
		hasAnswered := slices.ContainsFunc(results, func(r report.Result) bool {
			return r.ID == in.Name+".answered" && r.Status == report.Pass && g.Group == tried
		})
		switch {
		case isMissing && in.How == preview.Native:
			g.Dialects[i] = Served{Name: in.Name, How: preview.Translated}
		case hasAnswered:
			g.Dialects[i] = Served{Name: in.Name, How: in.How}
		}
	}
}

// routeOf returns the router's route of a dialect that a run tries.
func routeOf(name string) string {
	if name == "chat" {
		return dialect.Chat.String()
	}
	return "/v1/" + name
}

// plannedGroups returns how each group serves the clients' dialects as far as the configuration
// tells.
func (s *stack) plannedGroups() []Group {
	if !preview.IsRouted(s.cfg) {
		return nil
	}
	shown, err := preview.Of(s.cfg, s.status.Profile, s.getenv)
	if err != nil {
		return nil // the router runs with what it loaded before; doctor says what is wrong now
	}
	var all []Group
	for _, d := range shown.Deployments {
		i := slices.IndexFunc(all, func(g Group) bool { return g.Group == d.Group })
		if i < 0 {
			all = append(all, Group{d.Group, servedBy(d)})
			continue
		}
		all[i].add(servedBy(d))
	}
	return all
}

// servedBy returns how a deployment serves the clients' dialects.
func servedBy(d preview.Deployment) []Served {
	list := make([]Served, len(groupDialects))
	for i, name := range groupDialects {
		list[i] = Served{Name: name, How: none}
		for _, in := range d.Dialects {
			if in.Name == name && in.How != preview.Unserved {
				list[i].How, list[i].Assumed = in.How, in.Assumed
			}
		}
	}
	return list
}

// add adds how a further deployment of the group serves the dialects.
func (g *Group) add(more []Served) {
	for i := range g.Dialects {
		if g.Dialects[i].How != more[i].How {
			g.Dialects[i].How = mixed
		}
		g.Dialects[i].Assumed = g.Dialects[i].Assumed || more[i].Assumed
	}
}

// printGroups writes a row for each group.
func printGroups(p *terminal.Printer, all []Group) {
	rows := make([][]terminal.Span, len(all))
	assumed := false
	for i, g := range all {
		rows[i] = []terminal.Span{{Text: g.Group, Tone: terminal.Strong}}
		for _, in := range g.Dialects {
			cell := terminal.Span{Text: in.How}
			if in.Assumed {
				cell.Text, assumed = cell.Text+"?", true
			}
			if in.How == none {
				cell.Tone = terminal.Caution
			}
			rows[i] = append(rows[i], cell)
		}
	}
	p.Table(0, []string{"GROUP", "CHAT", "RESPONSES", "MESSAGES", "GEMINI"}, rows)
	if assumed {
		p.Line(0, terminal.Span{Text: "?: nothing is known of the address; if it lacks the route, requests are translated"})
	}
}
