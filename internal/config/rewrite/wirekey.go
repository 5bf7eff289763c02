package rewrite

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// Wiring says what WireKey did, or would do on a dry run.
type Wiring struct {
	File        string   `json:"file"`
	Credential  string   `json:"credential"`  // credentials.upstream.NAME
	Deployments []string `json:"deployments"` // paths of the litellm_params that got api_key_ref
	Changed     bool     `json:"changed"`
	Backup      string   `json:"backup,omitempty"`
}

// WireKey makes the router use the key in keyFile: it adds credentials.upstream.NAME to
// the configuration file, and api_key_ref: NAME to the deployments of provider
// NAME that have neither a key nor an address of their own. It adds only these lines;
// comments, order and everything else stay, and the old file is kept as
// FILE.bak-TIME. With dryRun it writes nothing. Faults: wire-unsafe, and those of
// config.Load and Replace.
func WireKey(path, provider, keyFile string, dryRun bool, now time.Time, getenv func(string) string) (Wiring, error) {
	before, err := config.Load(path, getenv)
	if err != nil {
		return Wiring{}, err
	}
	w := Wiring{File: before.File, Credential: provider, Deployments: []string{}}
	if before.Version == 3 {
		return w, fault.Usage("wire-unsafe", "%s is of version 3, which has no deployments",
			path).WithHint("give the key to CLIProxyAPI, or use version 2")
	}
	if existing, ok := before.Credentials[provider]; ok && existing.File != keyFile {
		return w, fault.Usage("wire-unsafe", "%s has credentials.upstream.%s already, with another place", path,
			provider).WithHint("correct it by hand: file: %s", keyFile)
	}
	data, err := safefile.Read(path, safefile.DocumentLimit)
	if err != nil {
		return w, yamlnode.UnreadableFault(path, err)
	}
	root := yamlnode.Parse(yamlnode.NewDiagnosis(path), bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	after, err := w.addKeyReferences(data, root, before, keyFile)
	if err == nil {
		err = w.checkMeaning(before, after, path, keyFile, getenv)
	}
	if err != nil {
		return w, unsafeWiringFault(path, provider, keyFile, err)
	}
	w.Changed = !bytes.Equal(data, after)
	if !w.Changed {
		return w, nil
	}
	if err := CheckWritable(path); err != nil {
		return w, unsafeWiringFault(path, provider, keyFile, err)
	}
	if dryRun {
		return w, nil
	}
	w.Backup, err = Replace(path, data, after, now)
	return w, err
}

// CheckWritable returns an error for a file that its owner has made read-only. Replacing the
// file would succeed, because that needs permission on the folder only.
func CheckWritable(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o200 == 0 {
		return fmt.Errorf("it is read-only (mode %#04o); chmod u+w %s allows the change", info.Mode().Perm(), path)
	}
	return nil
}

// unsafeWiringFault returns the fault for a file to which the reference was not added.
func unsafeWiringFault(path, provider, keyFile string, err error) error {
	return fault.Usage("wire-unsafe", "%s cannot be changed safely: %w", path, err).
		WithHint("nothing was changed there; write credentials: {upstream: {%s: {file: %s}}} and api_key_ref: %s in the "+
			"deployment by hand", provider, keyFile, provider)
}

// addKeyReferences returns data with the credential and the references to it added, and
// records in w.Deployments where it added references.
func (w *Wiring) addKeyReferences(data []byte, root *yamlnode.Node, before *config.Config, keyFile string) ([]byte,
	error) {
	e := newEditor(data)
	if _, exists := before.Credentials[w.Credential]; !exists {
		file := keyFile
		if rel, err := filepath.Rel(before.Dir, keyFile); err == nil {
			file = rel
		}
		e.addCredentials(root, credentialFile{w.Credential, file})
	}
	lists := []string{"litellm_base"}
	for _, name := range before.ProfileNames() {
		lists = append(lists, "profiles."+name)
	}
	for _, at := range lists {
		list, _ := root.Lookup(append(strings.Split(at, "."), "model_list")...)
		if list.Value == nil {
			continue
		}
		for i, item := range list.Value.Items {
			params, ok := item.Field("litellm_params")
			if ok && !params.Merged && isKeyless(params.Value, w.Credential) {
				e.insertFirst(params.Value, "api_key_ref", w.Credential, strconv.Quote(w.Credential))
				w.Deployments = append(w.Deployments, fmt.Sprintf("%s.model_list[%d].litellm_params", at, i))
			}
		}
	}
	after := e.apply()
	return after, e.err
}

// isKeyless reports whether params are those of a deployment of the provider that has neither
// a key nor an address of its own.
func isKeyless(params *yamlnode.Node, provider string) bool {
	for _, key := range [...]string{"api_key", "api_key_ref", "api_base", "base_url"} {
		if _, ok := params.Field(key); ok {
			return false
		}
	}
	model, _ := params.Field("model")
	custom, _ := params.Field("custom_llm_provider")
	return model.Value != nil && strings.HasPrefix(model.Value.Text, provider+"/") || custom.Value != nil &&
		custom.Value.Text == provider
}

// credentialFile is an entry of credentials.upstream.
type credentialFile struct{ name, file string }

// addCredentials adds entries to credentials.upstream, which must not have them yet.
func (e *editor) addCredentials(root *yamlnode.Node, entries ...credentialFile) {
	credentials, ok := root.Field("credentials")
	upstream, hasUpstream := credentials.Value.Field("upstream")
	switch {
	case hasUpstream && len(upstream.Value.Fields) > 0:
		for _, c := range entries {
			e.insertFirst(upstream.Value, c.name, c.block(), c.flow())
		}
	case ok && !hasUpstream && credentials.Value.Kind == yamlnode.MapKind && len(credentials.Value.Fields) > 0:
		block := lo.Map(entries, func(c credentialFile, _ int) string { return c.name + ": " + c.block() })
		e.insertFirst(credentials.Value, "upstream", "{"+strings.Join(block, ", ")+"}", flowMap(entries))
	case ok:
		e.err = fmt.Errorf("credentials exists and is empty")
	case e.isFlow(root):
		e.insertFirst(root, "credentials", "", `{"upstream": `+flowMap(entries)+"}")
	default:
		text := "credentials:" + e.newline + "  upstream:" + e.newline
		if !bytes.HasSuffix(e.data, []byte("\n")) {
			text = e.newline + text
		}
		for _, c := range entries {
			text += "    " + c.name + ": " + c.block() + e.newline
		}
		e.replace(len(e.data), len(e.data), text)
	}
}

// block returns the value of an entry in a map of block style.
func (c credentialFile) block() string { return "{file: " + strconv.Quote(c.file) + "}" }

// flow returns the value of an entry in a map of flow style.
func (c credentialFile) flow() string { return `{"file": ` + strconv.Quote(c.file) + "}" }

// flowMap returns entries as a map of flow style.
func flowMap(entries []credentialFile) string {
	all := lo.Map(entries, func(c credentialFile, _ int) string { return strconv.Quote(c.name) + ": " + c.flow() })
	return "{" + strings.Join(all, ", ") + "}"
}

// isFlow reports whether a map is written in flow style, {…}.
func (e *editor) isFlow(m *yamlnode.Node) bool { return e.data[e.offset(m.At)] == '{' }

// insertFirst adds a key before the first key of a map. Its value is block or flow, as the
// style of the map needs.
func (e *editor) insertFirst(m *yamlnode.Node, key, block, flow string) {
	if len(m.Fields) == 0 || m.Fields[0].Merged {
		e.err = fmt.Errorf("a map has no key of its own to begin with, at line %d", m.At.Line)
		return
	}
	first := m.Fields[0].At
	at := e.offset(first)
	switch {
	case !e.isFlow(m):
		e.replace(at, at, key+": "+block+e.newline+strings.Repeat(" ", first.Column-1))
	case e.data[at] == '"':
		e.replace(at, at, `"`+key+`": `+flow+", ")
	default:
		e.replace(at, at, key+": "+flow+", ")
	}
}

// checkMeaning returns an error unless the new text differs from before only by the
// credential and the references that were added.
func (w *Wiring) checkMeaning(before *config.Config, text []byte, path, keyFile string,
	getenv func(string) string) error {
	after, err := config.LoadText(path, text, getenv)
	if err != nil {
		return err
	}
	if after.Credentials[w.Credential].File != keyFile {
		return fmt.Errorf("the credential would not be read")
	}
	expected, err := config.LoadText(path, text, getenv) // a second copy, from which the additions are removed
	if err != nil {
		return err
	}
	for _, at := range w.Deployments {
		if params := deploymentParams(expected, at); params["api_key_ref"] != w.Credential {
			return fmt.Errorf("%s would not refer to the key", at)
		}
		delete(deploymentParams(expected, at), "api_key_ref")
	}
	expected.Credentials, expected.Warnings = before.Credentials, before.Warnings
	if !reflect.DeepEqual(expected, before) {
		return fmt.Errorf("something else would change too")
	}
	return nil
}

// deploymentParams returns the litellm_params at a path of Wiring.Deployments.
func deploymentParams(c *config.Config, path string) map[string]any {
	where, index, _ := strings.Cut(strings.TrimSuffix(path, "].litellm_params"), ".model_list[")
	fragment := c.Base
	if name, ok := strings.CutPrefix(where, "profiles."); ok {
		fragment = c.Profiles[name]
	}
	list, _ := fragment["model_list"].([]any)
	i, err := strconv.Atoi(index)
	if err != nil || i >= len(list) {
		return nil
	}
	item, _ := list[i].(map[string]any)
	params, _ := item["litellm_params"].(map[string]any)
	return params
}

// AddToList returns a YAML text in which the list at a top-level key has item as its new
// first entry. It adds the list when it is missing. item must be in flow style, {"a": "b"}.
// Comments and everything else stay.
func AddToList(file string, data []byte, key, item string) ([]byte, error) {
	root := yamlnode.Parse(yamlnode.NewDiagnosis(file), bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	if root == nil || root.Kind != yamlnode.MapKind {
		return nil, fmt.Errorf("it is not a YAML map")
	}
	e := newEditor(data)
	f, ok := root.Field(key)
	switch {
	case !ok && e.isFlow(root):
		e.insertFirst(root, key, "", "["+item+"]")
	case !ok:
		text := key + ":" + e.newline + "  - " + item + e.newline
		if len(data) > 0 && !bytes.HasSuffix(data, []byte("\n")) {
			text = e.newline + text
		}
		e.replace(len(data), len(data), text)
	case f.Value.Kind == yamlnode.ListKind && data[e.offset(f.Value.At)] == '[':
		at := e.offset(f.Value.At) + 1
		separator := ", "
		if len(f.Value.Items) == 0 {
			separator = ""
		}
		e.replace(at, at, item+separator)
	case f.Value.Kind != yamlnode.ListKind || len(f.Value.Items) == 0:
		return nil, fmt.Errorf("%s has no value, or is not a list", key)
	default:
		at := e.offset(f.Value.Items[0].At)
		dash := bytes.LastIndexByte(data[:at], '\n') + 1
		lead := string(data[dash:at])
		if strings.TrimSpace(lead) != "-" {
			return nil, fmt.Errorf("%s is written in a form that cannot be added to", key)
		}
		e.replace(dash, dash, lead+item+e.newline)
	}
	return e.apply(), e.err
}
