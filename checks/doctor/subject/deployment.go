package subject

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/hostname"
	"github.com/flowgate-go/flowgate/internal/policy"
)

// Deployment is one entry of model_list, of the profile in force.
type Deployment struct {
	Path   string // "model_list[2]"
	Group  string
	Model  string // "openai/gpt-5"
	Base   string // api_base; "" means the provider's own address
	Params map[string]any
}

// RouterSettings returns the router's settings of the profile in force: the profile over
// litellm_base, with references unresolved.
func (s *Subject) RouterSettings() (map[string]any, error) {
	return policy.Merged(s.Config, s.Profile())
}

// Deployments returns the entries of model_list with references in api_base looked up;
// nil when there is no router.
func (s *Subject) Deployments() []Deployment {
	settings, err := s.RouterSettings()
	if err != nil {
		return nil
	}
	all := DeploymentsIn(settings)
	for i := range all {
		if name, ok := strings.CutPrefix(all[i].Base, "os.environ/"); ok {
			all[i].Base = s.Getenv(name)
		}
	}
	return all
}

// DeploymentsIn returns the entries of model_list in the router's settings.
func DeploymentsIn(settings map[string]any) []Deployment {
	list, _ := settings["model_list"].([]any)
	all := make([]Deployment, 0, len(list))
	for i, item := range list {
		entry, _ := item.(map[string]any)
		params := Section(entry, "litellm_params")
		d := Deployment{Path: fmt.Sprintf("model_list[%d]", i), Params: params}
		d.Group, _ = entry["model_name"].(string)
		d.Model, _ = params["model"].(string)
		d.Base, _ = params["api_base"].(string)
		all = append(all, d)
	}
	return all
}

// Groups returns the groups of the deployments, which clients may ask for.
func Groups(all []Deployment) map[string]bool {
	names := map[string]bool{}
	for _, d := range all {
		names[d.Group] = true
	}
	return names
}

// KnownGroups returns the names by which LiteLLM finds deployments: groups, aliases of
// groups, routing groups and deployments' own ids.
func KnownGroups(settings map[string]any) map[string]bool {
	names := Groups(DeploymentsIn(settings))
	router := Section(settings, "router_settings")
	for alias := range Section(router, "model_group_alias") {
		names[alias] = true
	}
	routingGroups, _ := router["routing_groups"].([]any)
	for _, item := range routingGroups {
		group, _ := item.(map[string]any)
		if name, ok := group["group_name"].(string); ok {
			names[name] = true
		}
	}
	list, _ := settings["model_list"].([]any)
	for _, item := range list {
		entry, _ := item.(map[string]any)
		if id, ok := Section(entry, "model_info")["id"].(string); ok {
			names[id] = true
		}
	}
	return names
}

// MatchesWildcard reports whether a wildcard among the groups, "openai/*", covers name.
func MatchesWildcard(groups map[string]bool, name string) bool {
	for group := range groups {
		before, after, ok := strings.Cut(group, "*")
		if ok && strings.HasPrefix(name, before) && strings.HasSuffix(name, after) {
			return true
		}
	}
	return false
}

// Provider returns the part of the model's name before the slash, "" when it has none.
func (d Deployment) Provider() string {
	provider, _, ok := strings.Cut(d.Model, "/")
	if !ok {
		return ""
	}
	return provider
}

// UpstreamModel returns the name that the upstream is asked for.
func (d Deployment) UpstreamModel() string {
	if _, name, ok := strings.Cut(d.Model, "/"); ok {
		return name
	}
	return d.Model
}

// Address returns the host and port of api_base; false when it has none or is a reference
// that is resolved later.
func (d Deployment) Address() (host string, port int, ok bool) {
	u, err := url.Parse(d.Base)
	if err != nil || u.Host == "" {
		return "", 0, false
	}
	port, err = strconv.Atoi(u.Port())
	if err != nil {
		port = map[string]int{"http": 80, "https": 443}[u.Scheme]
	}
	return u.Hostname(), port, port != 0
}

// LeadsTo reports whether d's requests go to svc.
func (d Deployment) LeadsTo(svc config.Service) bool {
	host, port, ok := d.Address()
	if !ok || port != svc.Port {
		return false
	}
	bound, asked := net.ParseIP(svc.Host), net.ParseIP(host)
	switch {
	case strings.EqualFold(host, svc.Host):
		return true
	case bound == nil || asked == nil: // "localhost" is either family
		return hostname.IsLoopback(host) && (hostname.IsLoopback(svc.Host) || bound != nil && bound.IsUnspecified())
	}
	// A listener on 127.0.0.1 does not hear [::1]; one on [::] hears both.
	return asked.IsLoopback() &&
		(bound.Equal(asked) || bound.Equal(net.IPv6unspecified) || bound.IsUnspecified() && asked.To4() != nil)
}

// String returns the path and the group of the deployment.
func (d Deployment) String() string { return d.Path + " (" + d.Group + ")" }
