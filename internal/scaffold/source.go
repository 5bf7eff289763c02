package scaffold

import (
	"bytes"
	_ "embed" // the template
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/rewrite"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/keyfile"
)

//go:embed source.yaml.tmpl
var sourceTemplate string

// Source is what replaces the default deployments of a first configuration. It comes from
// another program's file or from a provider.
type Source struct {
	Title   string           // one line for the comment above litellm_base
	Base    []byte           // the text of litellm_base, not indented
	Secrets []rewrite.Secret // keys that the text refers to; rewrite.MasterKey is the key of clients
	Ignored []string         // settings that the router may leave unenforced: general_settings.flowgate_ignore
	Default string           // the group of most requests; "" when none is known
	Fast    string           // the group of small requests
}

// secretFile returns the path of a credential's file, relative to the project's folder.
func secretFile(name string) string { return ".router/secrets/" + name + ".key" }

// sourceYAML returns the text of flowgate.yaml for a source.
func (o Options) sourceYAML() string {
	s := o.Source
	balanced := " {} # the settings above as they are"
	if ignored := ignoredYAML(s.Ignored); ignored != "" {
		balanced = "\n" + strings.TrimRight(ignored, "\n")
	}
	return strings.NewReplacer(
		"@ROUTER_RUNTIME@", o.Runtime, "@UPSTREAM_RUNTIME@", o.Upstream,
		"@ROUTER_PORT@", strconv.Itoa(o.RouterPort), "@UPSTREAM_PORT@", strconv.Itoa(o.UpstreamPort),
		"@TITLE@", s.Title, "@BASE@", indentBase(s.Base), "@IGNORED@", ignoredYAML(s.Ignored),
		"@BALANCED@", balanced,
		"@CREDENTIALS@", credentialsYAML(s.Secrets), "@INTEGRATION@", integrationYAML(s.Default, s.Fast),
	).Replace(sourceTemplate)
}

// indentBase indents the text of a YAML document by two spaces, so that it can be the value of
// a key. It leaves out lines that mark a document's beginning or end.
func indentBase(text []byte) string {
	text = bytes.ReplaceAll(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), []byte("\r\n"), []byte("\n"))
	var b strings.Builder
	for line := range bytes.Lines(text) {
		line = bytes.TrimRight(line, "\n")
		switch {
		case isDocumentMark(line):
			continue
		case len(bytes.TrimSpace(line)) > 0:
			b.WriteString("  ")
			b.Write(line)
		}
		b.WriteByte('\n')
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// isDocumentMark reports whether a line is ---, ... or a directive.
func isDocumentMark(line []byte) bool {
	mark, _, _ := bytes.Cut(line, []byte(" "))
	return string(mark) == "---" || string(mark) == "..." || bytes.HasPrefix(line, []byte("%YAML"))
}

// ignoredYAML returns the setting of a profile that names what the router may leave
// unenforced; "" without names.
func ignoredYAML(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "    general_settings:\n      flowgate_ignore: [" + strings.Join(names, ", ") + "] # waived\n"
}

// credentialsYAML returns the entries of credentials.upstream for secrets, except for the
// master key, which the template has.
func credentialsYAML(secrets []rewrite.Secret) string {
	var b strings.Builder
	for _, s := range secrets {
		if s.Name != rewrite.MasterKey {
			fmt.Fprintf(&b, "    %s:\n      file: ../%s\n", s.Name, secretFile(s.Name))
		}
	}
	return b.String()
}

// integrationYAML returns the section integration, "" without a group.
func integrationYAML(group, fast string) string {
	if group == "" {
		return ""
	}
	text := "\n# The model groups that the set-up lines for Codex and Claude Code name.\nintegration:\n  default_model: " +
		quoteYAML(group) + "\n"
	if fast != "" {
		text += "  fast_model: " + quoteYAML(fast) + "\n"
	}
	return text
}

// writeSecrets writes each key of a source into a file of its own. It sets w.err when such a
// file holds another key, which may be in use.
func (w *writer) writeSecrets(secrets []rewrite.Secret) {
	for _, s := range secrets {
		if w.err != nil {
			return
		}
		name := secretFile(s.Name)
		existing, _, err := keyfile.Read(filepath.Join(w.dir, name))
		switch {
		case err == nil && existing == s.Value:
			w.result.Kept = append(w.result.Kept, name)
		case errors.Is(err, fs.ErrNotExist):
			w.createFile(name, []byte(s.Value+"\n"), 0o600)
			w.result.Keys = append(w.result.Keys, name)
		default:
			w.err = fault.Usage("key-exists", "%s exists already and does not hold the key that init would write there", name).
				WithHint("move it away when nothing uses it any more; init replaces no key")
		}
	}
}

// checkLoadable loads the configuration that was written for a source, and sets w.err when
// it cannot be used.
func (w *writer) checkLoadable() {
	if w.err != nil {
		return
	}
	_, w.err = config.Load(filepath.Join(w.dir, File), func(string) string { return "" })
}

// reservedNames returns the names of credentials that a source must not use.
func reservedNames() []string { return []string{"upstream", "management"} }

// Take returns the Source of a LiteLLM configuration in data, which was read from the named
// file and will be in the folder config of the project dir. Faults: secret-unmovable and
// those of the YAML parser, with yamlnode.Problems as their detail.
func Take(file string, data []byte, dir string) (Source, error) {
	relocate := func(name string) string {
		if filepath.IsAbs(name) {
			return name
		}
		from, err := filepath.Abs(filepath.Join(filepath.Dir(file), name))
		if err != nil {
			return name
		}
		rel, err := filepath.Rel(filepath.Join(dir, "config"), from)
		if err != nil {
			return from
		}
		return rel
	}
	x, problems := rewrite.ExtractSecrets(file, data, relocate, reservedNames()...)
	if len(problems) > 0 {
		return Source{}, problemsFault(problems)
	}
	secrets := slices.DeleteFunc(x.Secrets, func(s rewrite.Secret) bool {
		return s.Name == rewrite.MasterKey && s.Value == "sk-1234" // everybody knows it, so init makes a random one
	})
	return Source{Title: "Taken from " + filepath.ToSlash(file) + ".", Base: x.Text, Secrets: secrets}, nil
}
