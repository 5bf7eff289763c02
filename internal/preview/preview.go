// Package preview says what the embedded router would serve with a configuration: for each
// deployment where it goes, which of the clients' dialects reach it unchanged, which are
// translated and which are not served, what is lost on the way, and where its key comes
// from; and everything that is wrong or odd about the configuration, at the line that the
// user wrote. Of reads a configuration of FlowGate's, File a file of any format.
//
// It reads as the router itself reads, so that what it says is what happens. It executes
// and sends nothing, and no value of a key is in what it returns.
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
	Profile string        `json:"profile,omitempty"` // of FlowGate's own: whose settings are laid over the others
	Runtime string        `json:"runtime"`           // what would serve it: embedded, unless a flowgate.yaml says litellm

	Deployments []Deployment       `json:"deployments"`       // in the order of model_list
	Aliases     []Alias            `json:"aliases,omitempty"` // other names of groups
	Problems    []yamlnode.Problem `json:"problems"`          // for which the router would not start
	Warnings    []config.Warning   `json:"warnings"`
	Next        []string           `json:"next,omitempty"` // what to type to take the file
}

// Deployment is one entry of model_list.
type Deployment struct {
	Path     string `json:"path"` // as it is written: "litellm_base.model_list[0]"
	Line     int    `json:"line"`
	File     string `json:"file,omitempty"` // when an included file has the entry
	Group    string `json:"group"`
	Model    string `json:"model"`          // as it is written: "groq/llama-3.3-70b"
	Provider string `json:"provider"`       // "groq"; empty when none is known
	Address  string `json:"address"`        // where requests go
	Upstream string `json:"upstream_model"` // the model's name in them
	Serves   bool   `json:"serves"`
	Reason   string `json:"reason,omitempty"` // why it cannot serve

	Dialects      []Dialect `json:"dialects"`
	WithoutEffect []string  `json:"without_effect,omitempty"` // keys of the entry that the router does not have
	Key           Key       `json:"key"`

	index int // in model_list
}

// Ways in which a deployment serves a client's dialect.
const (
	Native     = "native"     // the request goes on in the client's dialect
	Translated = "translated" // in another one
	Unserved   = "unserved"   // it is refused
	Estimated  = "estimated"  // of counted tokens: the router estimates them
	Mocked     = "mocked"     // the router answers itself
	Depends    = "depends"    // on the provider of the model that is asked for
)

// Dialect is how a deployment serves one of the clients' dialects.
type Dialect struct {
	Name    string   `json:"name"`              // chat, messages, responses, completions, embeddings, …
	How     string   `json:"how"`               // native, translated, unserved, …
	Assumed bool     `json:"assumed,omitempty"` // nothing is known of the address: translated if it lacks the route
	As      string   `json:"as,omitempty"`      // the dialect that the upstream gets
	URL     string   `json:"url,omitempty"`     // where the request goes
	Lost    []string `json:"lost,omitempty"`    // parameters that the upstream does not get
}

// Key is where the key of a deployment comes from. Its value is not in it.
type Key struct {
	Source string `json:"source"`         // environment, credential, file or none
	Name   string `json:"name,omitempty"` // of the variable or the credential
	Set    bool   `json:"set"`            // there is a value
}

// Alias is another name of a group.
type Alias struct {
	Name  string `json:"name"`
	Group string `json:"group"`
}

// Err returns the first problem as a fault whose detail has all of them, nil when there is
// none. Its code is that of the problem.
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
