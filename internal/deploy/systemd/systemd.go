// Package systemd renders an installation as hardened units for systemd: Render returns the files of a folder
// with a unit for each service, for the system's manager and for a user's, and the script that installs them.
//
// No unit holds a secret: systemd reads each from a file of root's (or the user's) and hands it to its service
// alone (LoadCredential=). The package runs no systemctl.
package systemd

import (
	"cmp"
	"encoding/json"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/deploy"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// Kind is the name of this kind of deployment.
const Kind = "systemd"

//go:generate go tool qtc -skipLineComments

// Options are what the files depend on besides the configuration. They are recorded in the folder.
type Options struct {
	Profile  string `json:"profile"`  // "" for the configuration's default one
	Program  string `json:"program"`  // where FlowGate is installed; default /usr/local/bin/flowgate
	Upstream string `json:"upstream"` // where CLIProxyAPI is installed; default /usr/local/bin/cli-proxy-api
}

// Defaults of Options, and the longest that a service may take to end after its drain.
const (
	defaultProgram  = "/usr/local/bin/flowgate"
	defaultUpstream = "/usr/local/bin/cli-proxy-api"
	killWait        = 15 * time.Second
	minPort         = 1024 // below it, only root may listen
)

// Render returns the units of a configuration. Faults: deploy-option, deploy-unsupported, those of deploy.Read.
func Render(cfg *config.Config, o Options) (deploy.Rendering, error) {
	stack, err := deploy.Read(cfg, deploy.Place{Profile: o.Profile, MinPort: minPort})
	if err != nil {
		return deploy.Rendering{}, err
	}
	if stack.Router.Runtime != config.RuntimeEmbedded {
		return deploy.Rendering{}, fault.Usage("deploy-unsupported",
			"services.litellm.runtime is %s: units are rendered for the embedded router", stack.Router.Runtime).
			WithHint("mage service:install has systemd run the whole installation as it is here")
	}
	o.Profile = stack.Profile
	o.Program, o.Upstream = cmp.Or(o.Program, defaultProgram), cmp.Or(o.Upstream, defaultUpstream)
	for flag, program := range map[string]string{"program": o.Program, "upstream-program": o.Upstream} {
		if !isPlainPath(program) {
			return deploy.Rendering{}, optionFault(flag, "%q is not an absolute path of letters, digits and ._+-", program)
		}
	}
	r := deploy.Rendering{Kind: Kind, Options: o, Warnings: withoutAddressWarnings(stack.Warnings),
		Next: []string{"sudo sh DIR/install.sh CONFIG_FOLDER", "sudo systemctl enable --now flowgate.target"}}
	r.Files = model{stack, o, false}.files()
	return r, nil
}

// withoutAddressWarnings leaves out what is not true here: the services run on this machine, whose loopback
// address they share.
func withoutAddressWarnings(all []config.Warning) []config.Warning {
	return slices.DeleteFunc(slices.Clone(all), func(w config.Warning) bool { return w.Code == "deploy-address-local" })
}

// RenderRecorded is Render with options that were recorded in a folder. Fault: deploy-option.
func RenderRecorded(cfg *config.Config, options json.RawMessage) (deploy.Rendering, error) {
	var o Options
	if err := json.Unmarshal(options, &o); err != nil {
		return deploy.Rendering{}, optionFault("out", "the options in %s are damaged", deploy.IndexFile).
			WithHint("render the folder again: mage deploy:systemd -out=DIR")
	}
	return Render(cfg, o)
}

// optionFault returns the fault deploy-option for a flag.
func optionFault(flag, format string, args ...any) *fault.Error {
	return fault.Usage("deploy-option", "-"+flag+": "+format, args...)
}

// isPlainPath reports whether a path is absolute and has no character that a unit would have to escape.
func isPlainPath(p string) bool {
	return path.IsAbs(p) && path.Clean(p) == p && p != "/" &&
		strings.Trim(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+-") == ""
}

// model is what the templates see.
type model struct {
	deploy.Stack
	Options Options
	User    bool // units for a user's manager
}

// files returns all files.
func (m model) files() []deploy.File {
	var all []deploy.File
	for _, f := range m.Settings {
		all = append(all, deploy.File{Path: "settings/" + f.Path, Mode: 0o644, Content: f.Content})
	}
	for _, manager := range [...]string{"system", "user"} {
		m.User = manager == "user"
		add := func(unit, text string) {
			all = append(all, deploy.File{Path: manager + "/" + unit, Mode: 0o644, Content: text})
		}
		add("flowgate.target", renderTarget(m))
		add("flowgate-router.service", renderRouter(m))
		if m.Upstream != nil {
			add("flowgate-upstream.service", renderUpstream(m))
		}
	}
	all = append(all, deploy.File{Path: "install.sh", Mode: 0o755, Content: renderInstall(m)})
	slices.SortFunc(all, func(a, b deploy.File) int { return cmp.Compare(a.Path, b.Path) })
	return all
}

// escapeText returns a text as systemd reads it in a description: % begins a specifier (systemd.unit(5)).
func escapeText(text string) string {
	return strings.NewReplacer("%", "%%", "\n", " ", "\r", " ").Replace(text)
}

// escapeVariable returns NAME=value as a quoted word of Environment= (systemd.exec(5)).
func escapeVariable(v deploy.Variable) string {
	return `"` + strings.NewReplacer("%", "%%", `\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).
		Replace(v.Name+"="+v.Value) + `"`
}

// shellWord returns the value of a secret variable as a word of install.sh.
func shellWord(v deploy.Variable) string {
	if v.IsComposed() {
		return v.Shell()
	}
	return deploy.Variable{Value: "${" + v.Name + "}"}.Shell()
}

// Folder returns where the settings and secrets are.
func (m model) Folder() string {
	if m.User {
		return "%E/flowgate" // ~/.config/flowgate
	}
	return "/etc/flowgate"
}

// RouterSecrets returns the names of the router's secrets that it reads from files, which are variables.
func (m model) RouterSecrets() (names []string) {
	for _, k := range m.Keys {
		names = append(names, k.Variable)
	}
	for _, v := range m.Variables {
		if !v.IsPlain {
			names = append(names, v.Name)
		}
	}
	return names
}

// UpstreamSecrets returns the files of the upstream.
func (m model) UpstreamSecrets() []string {
	if m.IsEcho() {
		if key := m.UpstreamKey(); key != "" {
			return []string{key}
		}
		return nil
	}
	return []string{"cliproxyapi.yaml"}
}

// RouterEnvironment returns the variables of the router's process that install.sh puts together.
func (m model) RouterEnvironment() []deploy.Variable {
	return slices.DeleteFunc(slices.Clone(m.Variables), func(v deploy.Variable) bool { return !v.IsComposed() })
}

// UpstreamEnvironment returns those of the upstream's process: it reads no folder of keys, and so has all that are
// secret. The echo upstream reads none.
func (m model) UpstreamEnvironment() []deploy.Variable {
	if m.Upstream == nil || m.IsEcho() {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(m.UpstreamVariables), func(v deploy.Variable) bool {
		return v.IsPlain && !v.IsComposed()
	})
}

// Plain returns the variables of a service that are no secrets and name none.
func (m model) Plain(of string) []deploy.Variable {
	from := m.Variables
	if of == "upstream" {
		from = m.UpstreamVariables
	}
	return slices.DeleteFunc(slices.Clone(from), func(v deploy.Variable) bool { return !v.IsPlain || v.IsComposed() })
}

// IsEcho reports whether the upstream is the echo upstream.
func (m model) IsEcho() bool { return m.Upstream != nil && m.Upstream.Runtime == config.RuntimeEcho }

// UpstreamKey returns the router's key for the upstream, which echo:serve asks for; "" without one.
func (m model) UpstreamKey() string {
	for _, k := range m.Keys {
		if strings.HasSuffix(k.File, "upstream.key") {
			return k.Variable
		}
	}
	return ""
}

// StopSeconds returns after how many seconds a router that ends is killed: the drain has ended before.
func (m model) StopSeconds() int { return int((m.Drain + killWait).Seconds()) }

// Needed returns the variables that install.sh takes from its environment and that must be set.
func (m model) Needed() []string { return m.variables(false) }

// Optional returns those that may be set.
func (m model) Optional() []string { return m.variables(true) }

// variables returns the router's secret variables.
func (m model) variables(isOptional bool) (names []string) {
	for _, v := range m.Variables {
		if !v.IsPlain && v.Optional == isOptional {
			names = append(names, v.Name)
		}
	}
	return names
}
