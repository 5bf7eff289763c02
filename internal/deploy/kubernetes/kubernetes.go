// Package kubernetes renders an installation as manifests for Kubernetes: Render returns the files of a
// folder that `kubectl apply -k` takes. The manifests are templates (*.qtpl, compiled to Go), so that
// they read as what they become; every text that is put into one is quoted.
//
// It never speaks to a cluster, and no file holds a secret: secrets.sh makes the Secrets from the
// installation's own files.
package kubernetes

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/deploy"
	"github.com/flowgate-go/flowgate/internal/version"
)

// Kind is the name of this kind of deployment.
const Kind = "kubernetes"

//go:generate go tool qtc -skipLineComments

// Names of services in the cluster, and the ports that are not the configuration's.
const (
	upstreamName = "cliproxyapi"
	redisName    = "redis"
	redisPort    = 6379
	minPort      = 1024 // below it, only root may listen
	connections  = 4096 // of clients to a router, whose soft limit of memory is 832 MiB then: the pod has 1 GiB
)

// Times in a pod that ends: Kubernetes takes it out of the Services while the router lingers, then the router
// drains, and nothing is killed before it had time to say so.
const (
	linger   = 5 * time.Second // Kubernetes spreads the news meanwhile: new requests come until all nodes know
	killWait = 15 * time.Second
)

// Render returns the manifests of a configuration. Faults: deploy-option, those of deploy.Read.
func Render(cfg *config.Config, o Options) (deploy.Rendering, error) {
	upstream, _ := cfg.Service(config.CLIProxy)
	at := deploy.Place{Profile: o.Profile, Upstream: fmt.Sprintf("%s:%d", upstreamName, upstream.Port), MinPort: minPort}
	if o.Redis {
		at.Redis = fmt.Sprintf("%s:%d", redisName, redisPort)
	}
	stack, err := deploy.Read(cfg, at)
	if err != nil {
		return deploy.Rendering{}, err
	}
	if err := o.complete(version.Number, stack); err != nil {
		return deploy.Rendering{}, err
	}
	o.Profile = stack.Profile
	r := deploy.Rendering{Kind: Kind, Options: o, Warnings: warn(stack, cfg, o), Next: next()}
	m := newModel(stack, o)
	for _, f := range m.files() {
		file := deploy.File{Path: f.path, Mode: 0o644, Content: f.render(m)}
		if path.Ext(f.path) == ".sh" {
			file.Mode = 0o755
		}
		r.Files = append(r.Files, file)
	}
	return r, nil
}

// RenderRecorded is Render with options that were recorded in a folder.
func RenderRecorded(cfg *config.Config, options json.RawMessage) (deploy.Rendering, error) {
	var o Options
	if err := json.Unmarshal(options, &o); err != nil {
		return deploy.Rendering{}, optionFault("out", "the options in %s are damaged", deploy.IndexFile).
			WithHint("render the folder again: mage deploy:kubernetes -out=DIR")
	}
	return Render(cfg, o)
}

// next returns what to do with the files.
func next() []string {
	return []string{"sh DIR/secrets.sh CONFIG_FOLDER", "kubectl apply -k DIR"}
}

// warn returns the warnings of a stack, and those about Kubernetes.
func warn(stack deploy.Stack, cfg *config.Config, o Options) []config.Warning {
	all := slices.Clone(stack.Warnings)
	add := func(code, path, message string) {
		all = append(all, config.Warning{Code: code, Path: path, Message: message})
	}
	if cfg.Usage.Ledger && stack.Router.Runtime == config.RuntimeEmbedded {
		add("usage-not-kept", "usage", "a router in a pod keeps no usage ledger: its numbers are in /metrics, and rows of "+
			"requests go to an OpenTelemetry collector (litellm_settings.callbacks: [otel])")
	}
	if o.Max > 1 && !stack.Redis && stack.Router.Runtime == config.RuntimeEmbedded {
		add("state-not-shared", "router_settings",
			"each router counts for itself: with -redis or router_settings.redis_host "+
				"they share cooldowns, limits and sessions")
	}
	return all
}

// output is a file that is made from a template.
type output struct {
	path   string
	render func(model) string
}

// files returns which files are made.
func (m model) files() []output {
	all := []output{{"kustomization.yaml", renderKustomization}, {"namespace.yaml", renderNamespace},
		{"router.yaml", renderRouter}, {"network.yaml", renderNetwork}, {"secrets.sh", renderSecrets},
		{"README.md", renderReadme}}
	if m.IsScaled() {
		all = append(all, output{"autoscaling.yaml", renderAutoscaling})
	}
	switch {
	case !m.HasUpstream():
	case m.Upstream.Runtime == config.RuntimeEcho:
		all = append(all, output{"upstream.yaml", renderEcho})
	default:
		all = append(all, output{"upstream.yaml", renderCLIProxyAPI})
	}
	if m.Options.Redis {
		all = append(all, output{"redis.yaml", renderRedis})
	}
	resources := map[string]func(model) string{
		ServiceMonitor: renderServiceMonitor, Gateway: renderGateway, Ingress: renderIngress,
	}
	for _, name := range components {
		all = append(all, output{"components/" + name + "/kustomization.yaml", renderComponent},
			output{"components/" + name + "/resource.yaml", resources[name]})
	}
	return all
}
