// Package routetest reads transcripts of how the real LiteLLM routes requests, for tests. Read
// returns them, Transcript.Differences compares what a router did with one. The transcripts
// are below internal/router/route/testdata/litellm; go test ./litellm -run Transcripts -update
// in the module test records them anew.
package routetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Transcript is a script of requests, with what LiteLLM did with them.
type Transcript struct {
	Name      string              `json:"-"`                   // of the file, without .json
	Note      string              `json:"note"`                // what it shows
	Upstreams map[string]Upstream `json:"upstreams,omitempty"` // by host; others answer at once, with 10 tokens
	Steps     []Step              `json:"steps"`
}

// Upstream says how a double of an upstream answers.
type Upstream struct {
	DelayMS int `json:"delay_ms,omitempty"`
	Tokens  int `json:"tokens,omitempty"` // of the reply; 0: 10
	Status  int `json:"status,omitempty"` // 0: 200
}

// Step is one thing that the client, or an upstream, does.
type Step struct {
	Do      string            `json:"do,omitempty"` // ask, hold (ask, and go on before the reply) or release; empty: ask
	Model   string            `json:"model,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Release []string          `json:"release,omitempty"` // the hosts that answer what they hold

	// AnyOrder is set for steps of which only the set is compared: a run of choices by chance.
	AnyOrder bool `json:"any_order,omitempty"`
	// Session is set for steps that go to one deployment, whichever it is.
	Session string `json:"session,omitempty"`

	// Prompt names a long text that the request begins with, up to a mark of Anthropic's cache.
	Prompt string `json:"prompt,omitempty"`
	// Talk names a conversation by the Responses API, whose client sends back what it got.
	Talk string `json:"talk,omitempty"`

	Asked  string `json:"asked,omitempty"`  // host and model of each request to an upstream, in order
	Status int    `json:"status,omitempty"` // what the client got; 0 for hold and release
}

// Dir is the folder of the transcripts, seen from the module's root.
const Dir = "internal/router/route/testdata/litellm"

// Read reads the configuration that all transcripts share, and the transcripts in dir.
func Read(dir string) (config string, all []Transcript, err error) {
	text, err := os.ReadFile(filepath.Join(dir, "routing.yaml"))
	if err != nil {
		return "", nil, err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return "", nil, err
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return "", nil, err
		}
		t := Transcript{Name: strings.TrimSuffix(filepath.Base(file), ".json")}
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		if err := d.Decode(&t); err != nil {
			return "", nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, t)
	}
	return string(text), all, nil
}

// Write writes a transcript into dir.
func (t Transcript) Write(dir string) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(t); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, t.Name+".json"), b.Bytes(), 0o600)
}

// hostIn finds the hosts of upstreams in a configuration.
var hostIn = regexp.MustCompile(`http://([a-z0-9-]+)/v1`)

// Hosts returns the hosts of the upstreams in a configuration.
func Hosts(config string) []string {
	var hosts []string
	for _, m := range hostIn.FindAllStringSubmatch(config, -1) {
		hosts = append(hosts, m[1])
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// At returns a configuration whose upstreams are folders of one server.
func At(config, addr string) string { return hostIn.ReplaceAllString(config, "http://"+addr+"/$1/v1") }

// Differences compares what a router did, the steps with its own Asked and Status, with the
// transcript.
func (t Transcript) Differences(got []Step) []string {
	var all []string
	sessions := map[string]string{}
	for i := 0; i < len(t.Steps); i++ {
		want, have := t.Steps[i], got[i]
		if want.Status != have.Status {
			all = append(all, fmt.Sprintf("step %d: status %d, not %d", i+1, have.Status, want.Status))
		}
		switch {
		case want.Session != "":
			if first, isKnown := sessions[want.Session]; isKnown && first != have.Asked {
				all = append(all, fmt.Sprintf("step %d: session %s went to %s before, and to %s now", i+1, want.Session, first,
					have.Asked))
			}
			sessions[want.Session] = have.Asked
		case want.AnyOrder:
			end := i
			for end+1 < len(t.Steps) && t.Steps[end+1].AnyOrder {
				end++
			}
			if theirs, ours := askedOf(t.Steps[i:end+1]), askedOf(got[i:end+1]); !slices.Equal(theirs, ours) {
				all = append(all, fmt.Sprintf("steps %d to %d: asked %q, not %q", i+1, end+1, ours, theirs))
			}
			i = end
		case want.Asked != have.Asked:
			all = append(all, fmt.Sprintf("step %d: asked %q, not %q", i+1, have.Asked, want.Asked))
		}
	}
	return all
}

// askedOf returns what was asked in steps, sorted.
func askedOf(steps []Step) []string {
	var all []string
	for _, s := range steps {
		all = append(all, s.Asked)
	}
	slices.Sort(all)
	return all
}
