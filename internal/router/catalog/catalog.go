// Package catalog writes the lists of models in the forms that clients ask for: OpenAI's,
// Anthropic's, Codex's, and LiteLLM's two with details of each model. New collects the
// models of the settings; each form is one method.
//
// The lists name groups, and the model, provider, id and model_info of their deployments.
// They never have a deployment's address or key.
package catalog

import (
	"encoding/json"
	"math"
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// Catalog has the models that clients may ask for, in the order in which they are listed.
type Catalog struct {
	models      []model
	byID        map[string]int         // index in models by name, and by the name that pickers show
	deployments []*settings.Deployment // all of the settings

	window func(provider, model string) int // see UseWindows; nil: nothing is known
}

// model is a group, or another name of one.
type model struct {
	name        string
	pickerName  string // the name that pickers of Claude models show; empty: none
	deployments []*settings.Deployment
}

// New collects the models that the settings serve.
func New(s *settings.Settings) *Catalog {
	byGroup := lo.GroupBy(s.Deployments, func(d *settings.Deployment) string { return d.Group })
	targets := map[string]string{}
	for _, a := range s.Aliases {
		targets[a.Name] = a.Target
	}
	c := &Catalog{byID: map[string]int{}, deployments: s.Deployments}
	for i, name := range s.ListedNames() {
		group := lo.CoalesceOrEmpty(targets[name], name)
		m := model{name: name}
		for _, member := range s.MembersOf(group) {
			m.deployments = append(m.deployments, byGroup[member]...)
		}
		c.byID[name] = i
		c.models = append(c.models, m)
	}
	for _, a := range s.PickerAliases {
		i := c.byID[a.Shown]
		c.models[i].pickerName = a.Name
		c.byID[a.Name] = i
	}
	return c
}

// Filter returns the catalog with only the models that may be asked for by one of their names: their
// own, the one in pickers, and the group of an alias.
func (c *Catalog) Filter(isAllowed func(names ...string) bool) *Catalog {
	filtered := &Catalog{byID: map[string]int{}, window: c.window}
	for _, m := range c.models {
		names := []string{m.name}
		if m.pickerName != "" {
			names = append(names, m.pickerName)
		}
		if len(m.deployments) > 0 {
			names = append(names, m.deployments[0].Group)
		}
		if !isAllowed(names...) {
			continue
		}
		filtered.byID[m.name] = len(filtered.models)
		if m.pickerName != "" {
			filtered.byID[m.pickerName] = len(filtered.models)
		}
		filtered.models = append(filtered.models, m)
	}
	filtered.deployments = lo.Filter(c.deployments, func(d *settings.Deployment, _ int) bool { return isAllowed(d.Group) })
	return filtered
}

// Names returns the names of the models in the order in which they are listed.
func (c *Catalog) Names() []string {
	return lo.Map(c.models, func(m model, _ int) string { return m.name })
}

// isChat reports whether agents can talk to the model: one of its deployments is a chat
// model, or it has no deployments.
func (m *model) isChat() bool {
	return len(m.deployments) == 0 || slices.ContainsFunc(m.deployments, (*settings.Deployment).IsChat)
}

// mode returns the mode of the model's deployments, in LiteLLM's words; empty when they
// differ or have none.
func (m *model) mode() string {
	modes := lo.Uniq(lo.Map(m.deployments, func(d *settings.Deployment, _ int) string { return d.Mode() }))
	if len(modes) != 1 {
		return ""
	}
	return modes[0]
}

// displayName returns the name for people: model_info.display_name of the first
// deployment that has one, else the model's own name.
func (m *model) displayName() string {
	for _, d := range m.deployments {
		if name, ok := d.Info["display_name"].(string); ok && name != "" {
			return name
		}
	}
	return m.name
}

// smallest returns the smallest number under key in the model_info of the deployments, since
// any deployment may get the request; nil when none has a number there.
func (m *model) smallest(key string) *int {
	var least *int
	for _, d := range m.deployments {
		if n, ok := numberOf(d.Info[key]); ok && (least == nil || n < *least) {
			least = &n
		}
	}
	return least
}

// numberOf returns a number of a model_info, rounded down; false for what is not a number from
// 1 to math.MaxInt32.
func numberOf(v any) (int, bool) {
	var f float64
	switch v := v.(type) {
	case int:
		f = float64(v)
	case int64:
		f = float64(v)
	case uint64:
		f = float64(v)
	case float64:
		f = v
	}
	return int(f), f >= 1 && f <= math.MaxInt32
}

// supports reports whether the model_info of every deployment has true under key.
func (m *model) supports(key string) bool {
	return len(m.deployments) > 0 && !slices.ContainsFunc(m.deployments, func(d *settings.Deployment) bool {
		return d.Info[key] != true
	})
}

// find returns the model with an id, which a client may write with slashes around it or with
// the mark of a long context at its end.
func (c *Catalog) find(id string) (model, bool) {
	short := strings.Trim(id, "/")
	for _, spelling := range [...]string{id, short, strings.TrimSuffix(short, settings.LongContextMark)} {
		if i, ok := c.byID[spelling]; ok {
			return c.models[i], true
		}
	}
	return model{}, false
}

// isEncodable reports whether a value of a YAML file can be encoded as JSON.
func isEncodable(v any) bool {
	_, err := json.Marshal(v)
	return err == nil
}
