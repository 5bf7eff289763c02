package kubernetes

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/deploy"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// Options are what the manifests depend on besides the configuration. They are recorded in the folder.
type Options struct {
	Name          string   `json:"name"`           // of the namespace; default "flowgate"
	Profile       string   `json:"profile"`        // "" for the configuration's default one
	Replicas      int      `json:"replicas"`       // of the router; default 2
	Max           int      `json:"max"`            // up to which it is scaled; default 4 times Replicas; equal: no scaling
	Image         string   `json:"image"`          // FlowGate's own
	UpstreamImage string   `json:"upstream_image"` // CLIProxyAPI's; needed for runtime: cliproxyapi
	LiteLLMImage  string   `json:"litellm_image"`  // LiteLLM's; needed for runtime: litellm
	Redis         bool     `json:"redis"`          // a Redis is deployed too
	Host          string   `json:"host"`           // the name by which clients reach the router from outside
	Gateway       string   `json:"gateway"`        // NAMESPACE/NAME of the Gateway for the HTTPRoute
	With          []string `json:"with"`           // components that are applied, of Components
}

// Components are the parts that need something in the cluster that not every cluster has.
const (
	ServiceMonitor = "servicemonitor" // the Prometheus operator
	Gateway        = "gateway"        // the Gateway API
	Ingress        = "ingress"        // an ingress controller
)

// components lists the components.
var components = [...]string{ServiceMonitor, Gateway, Ingress}

// Defaults of Options.
const (
	defaultReplicas = 2
	defaultGrowth   = 4 // Max by Replicas
	maxReplicas     = 1000
)

// optionFault returns the fault deploy-option for a flag.
func optionFault(flag, format string, args ...any) *fault.Error {
	return fault.Usage("deploy-option", "-"+flag+": "+format, args...)
}

// complete fills in defaults and checks the options. Fault: deploy-option.
func (o *Options) complete(version string, stack deploy.Stack) error {
	o.Name = cmp.Or(o.Name, "flowgate")
	o.Image = cmp.Or(o.Image, "flowgate:"+version)
	if o.With == nil {
		o.With = []string{}
	}
	slices.Sort(o.With)
	if err := deploy.CheckImages(stack, o.Image, o.UpstreamImage, o.LiteLLMImage); err != nil {
		return err
	}
	if err := o.checkNames(); err != nil {
		return err
	}
	for _, name := range o.With {
		if !slices.Contains(components[:], name) {
			return optionFault("with", "there is no component %q", name).
				WithHint("%s", suggest.HintBefore("the components are "+strings.Join(components[:], ", "), name, components[:]))
		}
	}
	if (slices.Contains(o.With, Gateway) || o.Gateway != "") && !isGatewayName(o.Gateway) {
		return optionFault("gateway", "%q does not name a Gateway", o.Gateway).WithHint("write NAMESPACE/NAME of the Gateway")
	}
	return o.checkReplicas()
}

// checkReplicas checks and completes the numbers of replicas.
func (o *Options) checkReplicas() error {
	if o.Replicas < 1 || o.Replicas > maxReplicas {
		return optionFault("replicas", "%d is not a number of routers from 1 to %d", o.Replicas, maxReplicas)
	}
	if o.Max == 0 {
		o.Max = o.Replicas * defaultGrowth
	}
	if o.Max < o.Replicas {
		return optionFault("max", "%d is below the %d replicas that always run", o.Max, o.Replicas)
	}
	return nil
}

// checkNames checks what has to be a name in Kubernetes.
func (o *Options) checkNames() error {
	if !isLabel(o.Name) {
		return optionFault("name", "Kubernetes refuses %q as a name", o.Name).
			WithHint("1 to 63 of a-z, 0-9 and -, with a letter or a digit at both ends (RFC 1123)")
	}
	if o.Host != "" && !isHostName(o.Host) {
		return optionFault("host", "%q is not the name of a host", o.Host).
			WithHint("write it as in llm.example.org, without a port")
	}
	return nil
}

// isLabel reports whether Kubernetes accepts name as that of a namespace: a label of RFC 1123 in lower case.
func isLabel(name string) bool {
	return name != "" && len(name) <= 63 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" &&
		name[0] != '-' && name[len(name)-1] != '-'
}

// isHostName reports whether name is a host name of RFC 1123 and not an address; its first label may be *.
func isHostName(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil || len(name) > 253 {
		return false
	}
	return !slices.ContainsFunc(strings.Split(strings.TrimPrefix(name, "*."), "."), func(l string) bool {
		return !isLabel(l)
	})
}

// isGatewayName reports whether a text is NAMESPACE/NAME.
func isGatewayName(text string) bool {
	namespace, name, found := strings.Cut(text, "/")
	return found && isLabel(namespace) && isHostName(name)
}
