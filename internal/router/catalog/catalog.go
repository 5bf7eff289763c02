// Package catalog holds the lists of models in the forms that clients look for: OpenAI's,
// Anthropic's, Codex's, and LiteLLM's two with what is known of each model. New collects
// the models of the settings; each form is one method.
//
// It names groups, and of their deployments the model: never an address or a key.
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
	models  []model
	byID    map[string]int // of models, and of the names under which pickers know them
	entries []*settings.Deployment
}

// model is a group, or another name of one.
type model struct {
	name        string
	pickerName  string // under which pickers of Claude models know it
	deployments []*settings.Deployment
}

// New collects the models that the settings serve.
func New(s *settings.Settings) *Catalog {
	byGroup := lo.GroupBy(s.Deployments, func(d *settings.Deployment) string { return d.Group })
	targets := map[string]string{}
	for _, a := range s.Aliases {
		targets[a.Name] = a.Target
	}
	c := &Catalog{byID: map[string]int{}, entries: s.Deployments}
	for i, name := range s.ListedNames() {
		group := lo.CoalesceOrEmpty(targets[name], name)
		m := model{name: name, deployments: byGroup[group]}
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

// isChat reports whether agents can talk to the model: some deployment answers in words.
func (m *model) isChat() bool {
	return len(m.deployments) == 0 || slices.ContainsFunc(m.deployments, (*settings.Deployment).IsChat)
}

// mode returns what the model does in LiteLLM's words; empty when its deployments differ
// or none of them says so.
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

// smallest returns the smallest number that a deployment's model_info has under key, since
// any of them may get the request; nil when none has one.
func (m *model) smallest(key string) *int {
	var least *int
	for _, d := range m.deployments {
		if n, ok := numberOf(d.Info[key]); ok && (least == nil || n < *least) {
			least = &n
		}
	}
	return least
}

// numberOf returns a positive whole number of a model_info.
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

// supports reports whether every deployment's model_info has the flag under key set.
func (m *model) supports(key string) bool {
	return len(m.deployments) > 0 && !slices.ContainsFunc(m.deployments, func(d *settings.Deployment) bool {
		return d.Info[key] != true
	})
}

// find returns the model of an id, as a client may spell it in a path.
func (c *Catalog) find(id string) (model, bool) {
	short := strings.Trim(id, "/")
	for _, spelt := range [...]string{id, short, strings.TrimSuffix(short, settings.LongContextMark)} {
		if i, ok := c.byID[spelt]; ok {
			return c.models[i], true
		}
	}
	return model{}, false
}

// isEncodable reports whether a value of a YAML file has a form in JSON.
func isEncodable(v any) bool {
	_, err := json.Marshal(v)
	return err == nil
}
