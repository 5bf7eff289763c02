package compose

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/deploy"
)

// Folders in the router's container.
const (
	settingsFolder = "/etc/flowgate"
	secretsFolder  = "/run/secrets" // where Compose has a service's secrets
	clientsFolder  = "/run/flowgate"
	usageFolder    = "/usage"
)

// model is what the templates see.
type model struct {
	deploy.Stack
	Options Options
}

// IsEmbedded reports whether the router is FlowGate's own.
func (m model) IsEmbedded() bool { return m.Router.Runtime == config.RuntimeEmbedded }

// IsEcho reports whether the upstream is the echo upstream.
func (m model) IsEcho() bool { return m.Upstream != nil && m.Upstream.Runtime == config.RuntimeEcho }

// IsCLIProxy reports whether the upstream is CLIProxyAPI.
func (m model) IsCLIProxy() bool {
	return m.Upstream != nil && m.Upstream.Runtime == config.RuntimeCLIProxyAPI
}

// RouterImage returns the image of the router.
func (m model) RouterImage() string {
	if m.IsEmbedded() {
		return m.Options.Image
	}
	return m.Options.LiteLLMImage
}

// RouterCommand returns what the router's container executes.
func (m model) RouterCommand() []string {
	settings, port := settingsFolder+"/"+deploy.SettingsFile, strconv.Itoa(m.Router.Port)
	if !m.IsEmbedded() { // LiteLLM reads no folder of keys
		return []string{"/bin/sh", "-c", `for f in ` + secretsFolder + `/*; do [ ! -s "$f" ] || export "$(basename "$f")=$(cat "$f")"; done; exec "$@"`,
			"sh", "litellm", "--config", settings, "--host", "0.0.0.0", "--port", port}
	}
	command := []string{"/flowgate", "router:serve", "-settings=" + settings, "-host=0.0.0.0", "-port=" + port,
		"-secrets=" + secretsFolder, "-drain=" + m.Drain.String()}
	if m.ClientKeys {
		command = append(command, "-keys="+clientsFolder)
	}
	if m.Usage.Ledger {
		command = append(command, "-usage="+usageFolder, "-days="+strconv.Itoa(m.Usage.Days),
			"-bytes="+strconv.FormatInt(m.Usage.MaxBytes, 10))
	}
	return command
}

// RouterTest returns the health check of the router: it sends no key and asks no upstream.
func (m model) RouterTest() []string {
	port := strconv.Itoa(m.Router.Port)
	if m.IsEmbedded() {
		return []string{"CMD", "/flowgate", "router:probe", "-port=" + port}
	}
	return []string{"CMD", "python3", "-c",
		"import urllib.request as u; u.urlopen('http://127.0.0.1:" + port + "/health/readiness', timeout=3)"}
}

// askUpstream asks the port $1 of the container for the path $2.
const askUpstream = `command -v wget >/dev/null && exec wget -q -O /dev/null "http://127.0.0.1:$1$2"; ` +
	`exec bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1" && printf "GET %s HTTP/1.0\r\n\r\n" "$2" >&3 && ` +
	`read -r _ status _ <&3 && [ "$status" = 200 ]' bash "$1" "$2"`

// UpstreamTest returns the health check of CLIProxyAPI. Its image was made of Alpine up to v7.1.50, which has wget,
// and is made of Debian since, which has bash instead (the Dockerfile of github.com/router-for-me/CLIProxyAPI; that
// of CLIProxyAPIPlus is Alpine's).
func (m model) UpstreamTest() []string {
	return []string{"CMD", "/bin/sh", "-c", askUpstream, "sh", strconv.Itoa(m.Upstream.Port),
		cmp.Or(m.Upstream.ReadinessPath, "/")}
}

// StopSeconds returns after how many seconds a router that ends is killed: the drain has ended before.
func (m model) StopSeconds() int { return int((m.Drain + killWait).Seconds()) }

// secret is a file that secrets.sh makes, and its name in the container.
type secret struct {
	Source string // the file
	Target string // the variable
	Value  string // of a composed variable: a word of a shell; "" for others
}

// item returns the entry of the secret in a service's list.
func (s secret) item() string {
	if s.Value == "" {
		return quote(s.Source)
	}
	return "{source: " + quote(s.Source) + ", target: " + quote(s.Target) + "}"
}

// RouterSecrets returns the router's secrets, which are variables.
func (m model) RouterSecrets() []secret {
	var all []secret
	for _, k := range m.Keys {
		all = append(all, secret{Source: k.Variable, Target: k.Variable})
	}
	return append(all, secretsOf("router", m.Variables)...)
}

// UpstreamSecrets is RouterSecrets for the upstream's own variables.
func (m model) UpstreamSecrets() []secret { return secretsOf("cliproxyapi", m.UpstreamVariables) }

// secretsOf returns the variables of a service that are files. Those that are composed belong to one service, and
// their file has its name too: another one may have another value.
func secretsOf(service string, variables []deploy.Variable) (all []secret) {
	for _, v := range variables {
		switch {
		case v.IsComposed():
			all = append(all, secret{service + "." + v.Name, v.Name, v.Shell()})
		case !v.IsPlain:
			all = append(all, secret{Source: v.Name, Target: v.Name})
		}
	}
	return all
}

// Composed returns the secrets that secrets.sh puts together.
func (m model) Composed() []secret {
	return slices.DeleteFunc(append(m.RouterSecrets(), m.UpstreamSecrets()...), func(s secret) bool {
		return s.Value == ""
	})
}

// Needed returns the variables that secrets.sh takes from its environment and that must be set.
func (m model) Needed() []string { return m.environmentNames(false) }

// Optional returns those that may be set.
func (m model) Optional() []string { return m.environmentNames(true) }

// environmentNames returns the variables of the services that are secret, without the password of a Redis that is
// deployed too.
func (m model) environmentNames(isOptional bool) (names []string) {
	for _, v := range append(slices.Clone(m.Variables), m.UpstreamVariables...) {
		if !v.IsPlain && v.Optional == isOptional && (!m.Options.Redis || v.Name != deploy.RedisVariable) {
			names = append(names, v.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// AllSecrets returns the names of all files that secrets.sh makes, sorted.
func (m model) AllSecrets() []string {
	var names []string
	for _, s := range append(m.RouterSecrets(), m.UpstreamSecrets()...) {
		names = append(names, s.Source)
	}
	if m.ClientKeys {
		names = append(names, "client-keys.json")
	}
	if m.IsCLIProxy() {
		names = append(names, "cliproxyapi.yaml")
	}
	if m.Options.Redis {
		names = append(names, "redis.conf")
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Plain returns the variables of a service that are no secrets and name none.
func (m model) Plain(of string) (all []deploy.Variable) {
	from := m.Variables
	if of == "upstream" {
		from = m.UpstreamVariables
	}
	for _, v := range from {
		if v.IsPlain && !v.IsComposed() {
			all = append(all, v)
		}
	}
	return all
}

// UpstreamKey returns the router's key for the upstream, which echo:serve asks for; "" without one.
func (m model) UpstreamKey() string {
	for _, k := range m.Keys {
		if strings.HasSuffix(k.File, "upstream.key") {
			return k.Variable
		}
	}
	return ""
}
