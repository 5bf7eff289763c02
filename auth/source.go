package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/samber/lo"
	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// source is another program that keeps credentials of a provider.
type source struct {
	keeper   string // "codex-cli"
	provider string
	places   func(env Environment) []string                    // where its file usually is, best first
	keychain string                                            // macOS: the item that holds it where there is no file
	read     func(doc gjson.Result, at place) ([]draft, error) // what is in the file
	refresh  string                                            // path of the refresh token, for -take
	absent   string                                            // what to do when nothing was found
}

// place is what a source may look at besides the document.
type place struct {
	file    string
	project string // of -project
	env     Environment
}

// sources are the known tools. A new one is a file and a line.
func sources() []source {
	return []source{codexCLI(), claudeCode(), geminiCLI(), copilotEditors(), kiroIDE(), qwenCode()}
}

// errForeign means that a document is not of this source's form.
var errForeign = errors.New("not of this form")

// foreign are the holders of grants in the known tools' own stores.
func foreign(ctx context.Context, providers []Provider, env Environment) []Holder {
	var all []Holder
	for _, s := range sources() {
		i := slices.IndexFunc(providers, func(p Provider) bool { return p.Name == s.provider })
		if i < 0 || ctx.Err() != nil {
			continue
		}
		p := providers[i]
		drafts, err := s.find(place{env: env})
		if err != nil {
			continue // nothing there, or nothing that can be read
		}
		for _, d := range drafts {
			d.provider = p
			if c, err := d.credential(); err == nil && c.Refresh != "" {
				all = append(all, Holder{s.keeper, d.source, named(c.Email, s.keeper), p.Name, c.Refresh})
			}
		}
	}
	return all
}

// find reads the first of the usual places that holds a credential. When none
// does, the error is that of the first place that says most: one that names what
// is there, before one that only holds nothing.
func (s source) find(at place) ([]draft, error) {
	best := error(fs.ErrNotExist)
	for _, file := range s.places(at.env) {
		if _, err := os.Lstat(file); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		drafts, err := s.load(file, at)
		if err == nil {
			return drafts, nil
		}
		if errors.Is(best, fs.ErrNotExist) || isCode(best, "source-invalid") && isCode(err, "source-unsupported") {
			best = err
		}
	}
	return nil, best
}

// load reads one file of the source. Faults: source-unreadable, source-invalid.
func (s source) load(file string, at place) ([]draft, error) {
	data, err := readSource(file)
	if err != nil {
		return nil, err
	}
	at.file = file
	return s.parse(data, at)
}

func (s source) parse(data []byte, at place) ([]draft, error) {
	if isDatabase(data) {
		return nil, unsupportedDatabase(at.file)
	}
	doc, err := readObject(data)
	if err != nil {
		return nil, invalid(at.file, err)
	}
	drafts, err := s.read(doc, at)
	if err != nil {
		return nil, err
	}
	for i := range drafts {
		drafts[i].keeper, drafts[i].source = s.keeper, at.file
		if drafts[i].refresh == "" {
			drafts[i].refresh = s.refresh
		}
	}
	return drafts, nil
}

// readSource reads a file of another tool: a regular one of this user, of at
// most 1 MB.
func readSource(file string) ([]byte, error) {
	info, err := os.Lstat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, missing(file)
	case err != nil:
	case info.Mode()&fs.ModeSymlink != 0:
		err = errors.New("it is a symbolic link; name the file that it leads to")
	case foreignOwner(info):
		err = errors.New("it belongs to another user")
	case info.Mode().IsRegular() && isDatabaseFile(file):
		return nil, unsupportedDatabase(file)
	case info.Size() > maxFile:
		return nil, invalid(file, fmt.Errorf("it has %d bytes; a credential has a few thousand", info.Size()))
	case info.Mode().IsRegular() && info.Size() == 0:
		return nil, invalid(file, errEmpty)
	}
	var data []byte
	if err == nil {
		data, err = safefile.Read(file, maxFile)
	}
	if err != nil {
		return nil, fault.New("source-unreadable", "read %s: %s", file, reason(err)).WithHint("it must be a file of yours that you may read; -source=FILE names another")
	}
	return data, nil
}

func missing(file string) error {
	return fault.New("source-missing", "there is no %s", file).WithHint("-source=FILE names where the credential is")
}

func invalid(file string, why error) error {
	return fault.New("source-invalid", "%s holds no credential: %w", file, why).
		WithHint("sign in again with the tool that it belongs to, or name another file with -source")
}

// fromKeychain asks the macOS keychain, which may ask the person.
func (s source) fromKeychain(ctx context.Context, at place) ([]draft, error) {
	if at.env.GOOS != "darwin" || s.keychain == "" {
		return nil, fs.ErrNotExist
	}
	data, err := exec.CommandContext(ctx, "/usr/bin/security", "find-generic-password", "-s", s.keychain, "-w").Output() //nolint:gosec // a fixed program and a fixed name
	if err != nil {
		return nil, fs.ErrNotExist
	}
	at.file = "keychain: " + s.keychain
	drafts, err := s.parse(data, at)
	for i := range drafts {
		drafts[i].refresh = "" // it cannot be taken from there
	}
	return drafts, err
}

// under joins a path to the folder that the variable names, else to home's.
func under(env Environment, variable, standard string, path ...string) string {
	dir := env.Getenv(variable)
	if dir == "" {
		dir = filepath.Join(env.Getenv("HOME"), standard)
	}
	return filepath.Join(append([]string{dir}, path...)...)
}

// copied picks the texts under keys, those that are there.
func copied(doc gjson.Result, keys ...string) map[string]any {
	fields := map[string]any{}
	for _, key := range keys {
		if value := text(doc.Get(key)); value != "" {
			fields[key] = value
		}
	}
	return fields
}

// expiry is a time in the form that CLIProxyAPI writes; "" when v is none.
func expiry(v gjson.Result) string {
	at, ok := moment(v)
	return lo.Ternary(ok, stamp(at), "")
}

// readState reads a file that only helps to name an account; those grow large.
func readState(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil || info.Size() > 16*maxFile {
		return nil, fs.ErrNotExist
	}
	return safefile.Read(file, 16*maxFile)
}

// isDatabase reports whether data is the begin of a SQLite database.
func isDatabase(data []byte) bool { return bytes.HasPrefix(data, []byte("SQLite format 3\x00")) }

func isDatabaseFile(file string) bool {
	f, err := safefile.Open(file)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	head := make([]byte, 16)
	_, err = io.ReadFull(f, head)
	return err == nil && isDatabase(head)
}

// carry copies the members of doc that are not known here, under the server's
// spelling, and says so: what renews a token may be among them. Members that
// steer the server, and what is no text, number or list of texts, are left out.
func (d *draft) carry(doc gjson.Result, at place, known ...string) {
	var carried, left []string
	doc.ForEach(func(key, value gjson.Result) bool {
		name := snake(key.Str)
		_, taken := d.fields[name]
		switch kept := kiroValue(value); {
		case slices.Contains(known, key.Str) || value.Type == gjson.Null || taken:
		case isSteering(name) || name == "" || len(key.Str) > 64 || kept == nil && value.Type != gjson.Number && !value.IsBool():
			left = append(left, harmless(shown(key.Str)))
		default:
			d.fields[name] = kept
			if kept == nil {
				d.fields[name] = value.Value()
			}
			carried = append(carried, harmless(key.Str))
		}
		return true
	})
	if len(carried) > 0 {
		d.warn("field-carried", "%s in %s %s not known here and %s carried over as it is", someOf(carried), at.file, isOrAre(carried), isOrAre(carried))
	}
	if len(left) > 0 {
		d.warn("field-left-out", "%s in %s %s not known here and left out", someOf(left), at.file, isOrAre(left))
	}
}

// isSteering reports a member that tells CLIProxyAPI what to do with a
// credential: only its own files may have those.
func isSteering(name string) bool {
	return slices.Contains([]string{
		"type", "disabled", "prefix", "proxy_url", "priority", "weight", "headers", "base_url", "excluded_models", "request_retry", "websockets", "note",
	}, name)
}

func isOrAre(names []string) string { return lo.Ternary(len(names) == 1, "is", "are") }

// someOf lists at most five names.
func someOf(names []string) string {
	if len(names) > 5 {
		return strings.Join(names[:5], ", ") + fmt.Sprintf(" and %d more", len(names)-5)
	}
	return strings.Join(names, ", ")
}

// snake is a name in the spelling of CLIProxyAPI's files: fooBar becomes
// foo_bar. "" for what is no such name.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		switch {
		case r >= 'A' && r <= 'Z':
			if i > 0 {
				b.WriteByte('_')
			}
			b.WriteRune(r - 'A' + 'a')
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_':
			b.WriteRune(r)
		default:
			return ""
		}
	}
	return b.String()
}
