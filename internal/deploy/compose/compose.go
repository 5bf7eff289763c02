// Package compose renders an installation as a folder for `docker compose up`: Render returns its files.
// They are templates (*.qtpl, compiled to Go), so that they read as what they become; every text that is put into
// one is quoted.
//
// It speaks to no daemon, and no file holds a secret: secrets.sh puts the installation's keys beside them.
package compose

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/deploy"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/version"
)

// Kind is the name of this kind of deployment.
const Kind = "compose"

//go:generate go tool qtc -skipLineComments

// Options are what the files depend on besides the configuration. They are recorded in the folder.
type Options struct {
	Name          string `json:"name"`           // of the project; default "flowgate"
	Profile       string `json:"profile"`        // "" for the configuration's default one
	Image         string `json:"image"`          // FlowGate's own; default what deploy:image makes
	UpstreamImage string `json:"upstream_image"` // CLIProxyAPI's, with its version; needed for runtime: cliproxyapi
	LiteLLMImage  string `json:"litellm_image"`  // LiteLLM's, with its version; needed for runtime: litellm
	Redis         bool   `json:"redis"`          // a Redis runs too
	Publish       string `json:"publish"`        // where this machine publishes the router; default 127.0.0.1
}

// ignored is the folder's .gitignore.
const ignored = `# What secrets.sh makes, and what CLIProxyAPI and the router keep.
/secrets/
/cliproxyapi/
/usage/
/.env
`

// Names of services, and the ports that are not the configuration's.
const (
	upstreamName = "cliproxyapi"
	redisName    = "redis"
	redisPort    = 6379
	minPort      = 1024 // below it, only root may listen
	killWait     = 15 * time.Second
)

// Render returns the files for a configuration. Faults: deploy-option, those of deploy.Read.
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
	if err := o.complete(stack); err != nil {
		return deploy.Rendering{}, err
	}
	o.Profile = stack.Profile
	m := model{stack, o}
	r := deploy.Rendering{Kind: Kind, Options: o, Warnings: stack.Warnings,
		Next: []string{"sh DIR/secrets.sh CONFIG_FOLDER", "docker compose --project-directory DIR up -d --wait"}}
	for _, f := range stack.Settings {
		r.Files = append(r.Files, deploy.File{Path: "settings/" + f.Path, Mode: 0o644, Content: f.Content})
	}
	r.Files = append(r.Files, deploy.File{Path: "compose.yaml", Mode: 0o644, Content: renderCompose(m)},
		deploy.File{Path: "secrets.sh", Mode: 0o755, Content: renderSecrets(m)},
		deploy.File{Path: ".gitignore", Mode: 0o644, Content: ignored})
	slices.SortFunc(r.Files, func(a, b deploy.File) int { return cmp.Compare(a.Path, b.Path) })
	return r, nil
}

// RenderRecorded is Render with options that were recorded in a folder. Fault: deploy-option.
func RenderRecorded(cfg *config.Config, options json.RawMessage) (deploy.Rendering, error) {
	var o Options
	if err := json.Unmarshal(options, &o); err != nil {
		return deploy.Rendering{}, optionFault("out", "the options in %s are damaged", deploy.IndexFile).
			WithHint("render the folder again: mage deploy:compose -out=DIR")
	}
	return Render(cfg, o)
}

// optionFault returns the fault deploy-option for a flag.
func optionFault(flag, format string, args ...any) *fault.Error {
	return fault.Usage("deploy-option", "-"+flag+": "+format, args...)
}

// complete fills in defaults and checks the options. Fault: deploy-option.
func (o *Options) complete(stack deploy.Stack) error {
	o.Name = cmp.Or(o.Name, "flowgate")
	o.Image = cmp.Or(o.Image, "flowgate:"+version.Number)
	o.Publish = cmp.Or(o.Publish, "127.0.0.1")
	if !isProjectName(o.Name) {
		return optionFault("name", "Compose refuses %q as the name of a project", o.Name).
			WithHint("a-z, 0-9, - and _, beginning with a letter or a digit")
	}
	if _, err := netip.ParseAddr(o.Publish); err != nil {
		return optionFault("publish", "%q is not an address of this machine", o.Publish).
			WithHint("127.0.0.1 is for this machine only; 0.0.0.0 is for everybody who reaches it")
	}
	return deploy.CheckImages(stack, o.Image, o.UpstreamImage, o.LiteLLMImage)
}

// isProjectName reports whether Compose accepts the name of a project.
func isProjectName(name string) bool {
	return name != "" && len(name) <= 63 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == "" &&
		name[0] != '-' && name[0] != '_'
}

// quote returns a text as YAML has it in quotation marks, JSON's form, with Compose's own references escaped.
func quote(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(strings.ReplaceAll(text, "$", "$$")) // a string is encoded, and a Builder takes it
	return strings.TrimSuffix(b.String(), "\n")
}
