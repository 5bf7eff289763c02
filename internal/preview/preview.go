// Package preview says what the embedded router would serve with a configuration: for each
// deployment where its requests go, which of the clients' dialects reach it unchanged, which
// are translated and which are not served, which parameters are lost, and where its key comes
// from. It also has all problems and warnings, at the line that the user wrote. Of reads a
// configuration of FlowGate's, File a file of any format.
//
// It reads a configuration with the router's own code, so that the router does what the
// preview says. It executes and sends nothing, and its results contain no value of a key.
//
// It is larger than other packages because the table and its text are one thing: each column is
// found out and printed here.
package preview

import (
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// Preview is what the embedded router would make of a configuration.
type Preview struct {
	File    string        `json:"file"`              // as the user named it
	Format  config.Format `json:"format"`            // flowgate, litellm or claude-code-router
	Profile string        `json:"profile,omitempty"` // of a flowgate.yaml: the profile laid over litellm_base
	Runtime string        `json:"runtime"`           // what would serve it: embedded, unless a flowgate.yaml says litellm

	Deployments   []Deployment       `json:"deployments"`              // in the order of model_list
	Aliases       []Alias            `json:"aliases,omitempty"`        // other names of groups
	RoutingGroups []RoutingGroup     `json:"routing_groups,omitempty"` // names that stand for several groups
	Problems      []yamlnode.Problem `json:"problems"`                 // why the router would not start
	Warnings      []config.Warning   `json:"warnings"`
	Next          []string           `json:"next,omitempty"` // commands that take over the file
}

// Deployment is one entry of model_list.
type Deployment struct {
	Path     string `json:"path"` // as it is written: "litellm_base.model_list[0]"
	Line     int    `json:"line"`
	File     string `json:"file,omitempty"` // the included file that has the entry, if one does
	Group    string `json:"group"`
	Model    string `json:"model"`          // as it is written: "groq/llama-3.3-70b"
	Provider string `json:"provider"`       // "groq"; empty when none is known
	Address  string `json:"address"`        // where requests go
	Upstream string `json:"upstream_model"` // the model's name in these requests
	Serves   bool   `json:"serves"`
	Reason   string `json:"reason,omitempty"` // why it cannot serve

	Dialects      []Dialect `json:"dialects"`
	WithoutEffect []string  `json:"without_effect,omitempty"` // keys of the entry that the router ignores
	Key           Key       `json:"key"`

	index int // in model_list
}

// Ways in which a deployment serves a client's dialect.
const (
	Native     = "native"     // the request is passed through in the client's dialect
	Translated = "translated" // the request is translated into another dialect
	Unserved   = "unserved"   // the request is refused
	Estimated  = "estimated"  // the router estimates the number of tokens itself
	Mocked     = "mocked"     // the router answers itself, with mock_response
	Depends    = "depends"    // it depends on the provider of the model that is asked for
)

// Dialect is how a deployment serves one of the clients' dialects.
type Dialect struct {
	Name    string   `json:"name"`              // chat, messages, responses, completions, embeddings, …
	How     string   `json:"how"`               // native, translated, unserved, …
	Assumed bool     `json:"assumed,omitempty"` // the address is unknown: translated if it lacks the route
	As      string   `json:"as,omitempty"`      // the dialect that the upstream gets
	URL     string   `json:"url,omitempty"`     // where the request goes
	Lost    []string `json:"lost,omitempty"`    // request parameters that the upstream does not get
}

// Key says where the key of a deployment comes from. It does not contain the key.
type Key struct {
	Source string `json:"source"`         // environment, credential, file or none
	Name   string `json:"name,omitempty"` // of the variable or the credential
	Set    bool   `json:"set"`            // the key has a value
}

// Alias is another name of a group.
type Alias struct {
	Name  string `json:"name"`
	Group string `json:"group"`
}

// RoutingGroup is a name that stands for the deployments of several groups.
type RoutingGroup struct {
	Name     string   `json:"name"`
	Groups   []string `json:"groups"`
	Strategy string   `json:"strategy"`         // by what one of the deployments is chosen
	Hidden   bool     `json:"hidden,omitempty"` // requests cannot name it: a group or an alias has the name
}

// Err returns the first problem as a fault with the problem's code, whose detail has all
// problems; nil when there is none.
func (p Preview) Err() error {
	if len(p.Problems) == 0 {
		return nil
	}
	first := p.Problems[0]
	hint := first.Hint
	first.Hint = ""
	return fault.Usage(first.Code, "%s", first.String()).WithHint("%s", hint).
		WithDetail(yamlnode.Problems{Problems: p.Problems})
}
