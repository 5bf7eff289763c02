package doctor

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/policy"
)

// deployment is one entry of model_list, of the profile in force.
type deployment struct {
	path   string // "model_list[2]"
	group  string
	model  string // "openai/gpt-5"
	base   string // api_base, "" when the provider's own
	params map[string]any
}

// settings are those of the router as the file has them: the profile in force
// over litellm_base, no reference resolved.
func (s *subject) settings() (map[string]any, error) {
	return policy.Merged(s.cfg, s.profile())
}

// deployments are the entries of model_list, api_base looked up where it is a
// reference; none when there is no router.
func (s *subject) deployments() []deployment {
	settings, err := s.settings()
	if err != nil {
		return nil
	}
	all := deploymentsIn(settings)
	for i := range all {
		if name, ok := strings.CutPrefix(all[i].base, "os.environ/"); ok {
			all[i].base = s.o.Getenv(name)
		}
	}
	return all
}

func deploymentsIn(settings map[string]any) []deployment {
	list, _ := settings["model_list"].([]any)
	all := make([]deployment, 0, len(list))
	for i, item := range list {
		entry, _ := item.(map[string]any)
		params := section(entry, "litellm_params")
		d := deployment{path: fmt.Sprintf("model_list[%d]", i), params: params}
		d.group, _ = entry["model_name"].(string)
		d.model, _ = params["model"].(string)
		d.base, _ = params["api_base"].(string)
		all = append(all, d)
	}
	return all
}

// groups are the names that clients may ask for.
func groups(all []deployment) map[string]bool {
	names := map[string]bool{}
	for _, d := range all {
		names[d.group] = true
	}
	return names
}

// provider is the first word of the model's name, "" when there is none.
func (d deployment) provider() string {
	provider, _, ok := strings.Cut(d.model, "/")
	if !ok {
		return ""
	}
	return provider
}

// upstreamModel is the name that the upstream is asked for.
func (d deployment) upstreamModel() string {
	if _, name, ok := strings.Cut(d.model, "/"); ok {
		return name
	}
	return d.model
}

// address is the host and port of api_base; false when there is none or it is
// a reference that is resolved later.
func (d deployment) address() (host string, port int, ok bool) {
	u, err := url.Parse(d.base)
	if err != nil || u.Host == "" {
		return "", 0, false
	}
	port, err = strconv.Atoi(u.Port())
	if err != nil {
		port = map[string]int{"http": 80, "https": 443}[u.Scheme]
	}
	return u.Hostname(), port, port != 0
}

// leadsTo reports whether d's requests go to svc.
func (d deployment) leadsTo(svc config.Service) bool {
	host, port, ok := d.address()
	if !ok || port != svc.Port {
		return false
	}
	bound, asked := net.ParseIP(svc.Host), net.ParseIP(host)
	switch {
	case strings.EqualFold(host, svc.Host):
		return true
	case bound == nil || asked == nil: // "localhost" is either family
		return isLoopback(host) && (isLoopback(svc.Host) || bound != nil && bound.IsUnspecified())
	}
	// A listener on 127.0.0.1 does not hear [::1]; one on [::] hears both.
	return asked.IsLoopback() && (bound.Equal(asked) || bound.Equal(net.IPv6unspecified) || bound.IsUnspecified() && asked.To4() != nil)
}

func (d deployment) String() string { return d.path + " (" + d.group + ")" }
