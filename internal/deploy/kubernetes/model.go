package kubernetes

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/deploy"
	"github.com/flowgate-go/flowgate/internal/hostname"
	"github.com/flowgate-go/flowgate/internal/program"
)

// Folders in the router's container.
const (
	settingsFolder = "/etc/flowgate"
	keysFolder     = "/run/flowgate/keys"
	clientsFolder  = "/run/flowgate/clients"
)

// Names of the Secrets, which secrets.sh makes.
const (
	keysSecret        = "router-keys"
	environmentSecret = "router-environment"
	clientsSecret     = "client-keys"
)

// model is what the templates see.
type model struct {
	deploy.Stack
	Options Options
}

// newModel returns the model of a stack.
func newModel(stack deploy.Stack, o Options) model { return model{stack, o} }

// IsScaled reports whether the number of routers changes with the load.
func (m model) IsScaled() bool { return m.Options.Max > m.Options.Replicas }

// HasUpstream reports whether there is a supervised upstream.
func (m model) HasUpstream() bool { return m.Upstream != nil }

// IsEmbedded reports whether the router is FlowGate's own.
func (m model) IsEmbedded() bool { return m.Router.Runtime == config.RuntimeEmbedded }

// RouterImage returns the image of the router.
func (m model) RouterImage() string {
	if m.IsEmbedded() {
		return m.Options.Image
	}
	return m.Options.LiteLLMImage
}

// RouterCommand returns the program of the router's container.
func (m model) RouterCommand() string {
	if m.IsEmbedded() {
		return "/flowgate"
	}
	return "litellm"
}

// RouterArgs returns the arguments of the router's program.
func (m model) RouterArgs() []string {
	settings, port := path.Join(settingsFolder, deploy.SettingsFile), strconv.Itoa(m.Router.Port)
	if !m.IsEmbedded() {
		return []string{"--config", settings, "--host", "0.0.0.0", "--port", port}
	}
	args := []string{"router:serve", "-settings=" + settings, "-host=0.0.0.0", "-port=" + port,
		"-linger=" + linger.String(), "-drain=" + m.Drain.String(),
		"-connections=" + strconv.Itoa(connections)} // behind an Ingress or a Gateway, all come from one address
	if len(m.Keys) > 0 {
		args = append(args, "-secrets="+keysFolder)
	}
	if m.ClientKeys {
		args = append(args, "-keys="+clientsFolder)
	}
	return args
}

// Linger returns for how long a router that ends still takes new requests, in seconds.
func (m model) Linger() int { return int(linger.Seconds()) }

// GracePeriod returns after how many seconds a router that ends is killed: the drain has ended before.
func (m model) GracePeriod() int { return int((linger + m.Drain + killWait).Seconds()) }

// DrainSeconds returns the drain in seconds.
func (m model) DrainSeconds() int { return int(m.Drain.Seconds()) }

// Readiness and Liveness return the paths of the router that answer without a key and ask no upstream.
func (m model) Readiness() string { return "/health/readiness" }

// Liveness is Readiness for the process alone.
func (m model) Liveness() string { return "/health/liveliness" }

// variable is an environment variable in a manifest: it has a value, or a reference.
type variable struct {
	Name, Value, Secret, Key string
	Optional                 bool
}

// Environment returns the variables of the router's container.
func (m model) Environment() []variable {
	var all []variable
	if !m.IsEmbedded() { // LiteLLM reads no folder of keys
		for _, k := range m.Keys {
			all = append(all, variable{Name: k.Variable, Secret: keysSecret, Key: k.Variable})
		}
	}
	return append(all, m.variablesOf(m.Variables)...)
}

// UpstreamEnvironment returns the variables of the upstream's container.
func (m model) UpstreamEnvironment() []variable {
	return m.variablesOf(m.UpstreamVariables)
}

// variablesOf returns variables as manifests have them; those without a value are in a Secret.
func (m model) variablesOf(from []deploy.Variable) []variable {
	var all []variable
	for _, v := range from {
		switch {
		case v.IsPlain:
			value := strings.ReplaceAll(v.Value, "$(", "$$(") // Kubernetes' own references: $(NAME)
			value = strings.ReplaceAll(value, "${", "$(")
			all = append(all, variable{Name: v.Name, Value: strings.ReplaceAll(value, "}", ")")})
		case m.Options.Redis && v.Name == deploy.RedisVariable:
			all = append(all, variable{Name: v.Name, Secret: redisName, Key: "password"})
		default:
			all = append(all, variable{Name: v.Name, Secret: environmentSecret, Key: v.Name, Optional: v.Optional})
		}
	}
	return all
}

// Needed returns the variables that the Secret of the environment has to have.
func (m model) Needed() []string { return m.environmentNames(false) }

// Optional returns the variables that it may have.
func (m model) Optional() []string { return m.environmentNames(true) }

// environmentNames returns the names of the variables in the Secret of the environment.
func (m model) environmentNames(isOptional bool) []string {
	var names []string
	for _, v := range append(m.Environment(), m.UpstreamEnvironment()...) {
		if v.Secret == environmentSecret && v.Optional == isOptional {
			names = append(names, v.Key)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// UpstreamKey returns the key file of the echo upstream in its container's folder of keys; "" without one.
func (m model) UpstreamKey() string {
	for _, k := range m.Keys {
		if path.Base(k.File) == "upstream.key" {
			return k.Variable
		}
	}
	return ""
}

// MetricsSecret returns the Secret that has the key for GET /metrics.
func (m model) MetricsSecret() string {
	if slices.ContainsFunc(m.Keys, func(k deploy.Key) bool { return k.Variable == m.MasterKey }) {
		return keysSecret
	}
	return environmentSecret
}

// peer is where the router may connect to.
type peer struct {
	CIDR      string   // an address, or a net
	Except    []string // nets in CIDR that are left out
	Namespace string   // a namespace of this cluster
	Ports     []int    // none: every port
}

// Peers returns where the router may connect to besides the other pods of the stack. The world is every
// address but the link-local ones, where clouds have the credentials of machines.
func (m model) Peers() []peer {
	var all []peer
	var world []int
	for _, a := range m.Addresses {
		ip, err := netip.ParseAddr(a.Host)
		namespace := namespaceOf(a.Host, m.Options.Name)
		switch {
		case hostname.IsLoopback(a.Host) || a.Host == upstreamName || m.Options.Redis && a.Host == redisName:
		case err == nil:
			all = append(all, peer{CIDR: netip.PrefixFrom(ip, ip.BitLen()).String(), Ports: []int{a.Port}})
		case namespace != "":
			all = append(all, peer{Namespace: namespace})
		default:
			world = append(world, a.Port)
		}
	}
	if m.Telemetry {
		world = append(world, 443, 4317, 4318)
	}
	slices.SortFunc(all, func(a, b peer) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	all = slices.CompactFunc(all, func(a, b peer) bool { return fmt.Sprint(a) == fmt.Sprint(b) })
	return append(all, worldPeers(world)...)
}

// worldPeers returns the peers for every address on some ports.
func worldPeers(ports []int) []peer {
	slices.Sort(ports)
	if ports = slices.Compact(ports); len(ports) == 0 {
		return nil
	}
	return []peer{{CIDR: "0.0.0.0/0", Except: []string{"169.254.0.0/16"}, Ports: ports},
		{CIDR: "::/0", Except: []string{"fe80::/10"}, Ports: ports}}
}

// WorldPeers returns where CLIProxyAPI may connect to: the providers.
func (m model) WorldPeers() []peer { return worldPeers([]int{443}) }

// namespaceOf returns the namespace of a Service by its host name, NAME or NAME.NAMESPACE.svc…; "" for a name of
// the world.
func namespaceOf(host, own string) string {
	labels := strings.Split(host, ".")
	switch {
	case host == "":
		return ""
	case len(labels) == 1:
		return own
	case len(labels) > 2 && labels[2] == "svc":
		return labels[1]
	}
	return ""
}

// GatewayNamespace and GatewayName return the parts of the Gateway's name.
func (m model) GatewayNamespace() string {
	namespace, _, _ := strings.Cut(cmp.Or(m.Options.Gateway, "gateway/gateway"), "/")
	return namespace
}

// GatewayName is GatewayNamespace for the name.
func (m model) GatewayName() string {
	_, name, _ := strings.Cut(cmp.Or(m.Options.Gateway, "gateway/gateway"), "/")
	return name
}

// Has reports whether a component is applied.
func (m model) Has(component string) bool { return slices.Contains(m.Options.With, component) }

// quote returns a text as YAML has it in quotation marks: JSON's form.
func quote(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string is encoded, and a Builder takes it
	return strings.TrimSuffix(b.String(), "\n")
}

// literal returns a text as a block of YAML that is indented by some columns, so that people can read it; in
// quotation marks when YAML could read the block as another text.
func literal(indent int, text string) string {
	isPlain := strings.HasSuffix(text, "\n") && !strings.HasSuffix(text, "\n\n") && text[0] != ' ' && text[0] != '\n' &&
		!strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) || r == '\ufeff' })
	if !isPlain {
		return quote(text)
	}
	var b strings.Builder
	b.WriteString("|")
	for line := range strings.Lines(text) {
		b.WriteString("\n")
		if line = strings.TrimSuffix(line, "\n"); line != "" {
			b.WriteString(strings.Repeat(" ", indent) + line)
		}
	}
	return b.String()
}

// quoteShell returns a text as a word of the shell.
func quoteShell(text string) string { return program.Quote(text) }
