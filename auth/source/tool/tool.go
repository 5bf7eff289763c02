package tool

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/samber/lo"
	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/auth/draft"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// Tool is another program that keeps credentials of a provider.
type Tool struct {
	Keeper   string // "codex-cli"
	Provider string
	Places   func(env auth.Environment) []string                        // where its file usually is, best first
	keychain string                                                     // macOS: the item that holds it where there is no file
	read     func(doc gjson.Result, at Location) ([]draft.Draft, error) // what is in the file
	refresh  string                                                     // path of the refresh token, for -take
	Absent   string                                                     // what to do when nothing was found
}

// Location is what a source may look at besides the document.
type Location struct {
	File    string
	Project string // of -project
	Env     auth.Environment
}

// All are the known tools. A new one is a file and a line.
func All() []Tool {
	return []Tool{codexCLI(), claudeCode(), geminiCLI(), copilotEditors(), kiroIDE(), qwenCode()}
}

// ErrOtherForm means that a document is not of this source's form.
var ErrOtherForm = errors.New("not of this form")

// Find reads the first of the usual places that holds a credential. When none
// does, the error is that of the first place that says most: one that names what
// is there, before one that only holds nothing.
func (s Tool) Find(at Location) ([]draft.Draft, error) {
	best := error(fs.ErrNotExist)
	for _, file := range s.Places(at.Env) {
		if _, err := os.Lstat(file); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		drafts, err := s.load(file, at)
		if err == nil {
			return drafts, nil
		}
		if errors.Is(best, fs.ErrNotExist) || fault.HasCode(best, "source-invalid") && fault.HasCode(err, "source-unsupported") {
			best = err
		}
	}
	return nil, best
}

// load reads one file of the source. Faults: source-unreadable, source-invalid.
func (s Tool) load(file string, at Location) ([]draft.Draft, error) {
	data, err := credential.ReadFile(file)
	if err != nil {
		return nil, err
	}
	at.File = file
	return s.Parse(data, at)
}

func (s Tool) Parse(data []byte, at Location) ([]draft.Draft, error) {
	if credential.IsDatabase(data) {
		return nil, credential.UnsupportedDatabase(at.File)
	}
	doc, err := credential.ReadObject(data)
	if err != nil {
		return nil, credential.Invalid(at.File, err)
	}
	drafts, err := s.read(doc, at)
	if err != nil {
		return nil, err
	}
	for i := range drafts {
		drafts[i].Keeper, drafts[i].Source = s.Keeper, at.File
		if drafts[i].RefreshPath == "" {
			drafts[i].RefreshPath = s.refresh
		}
	}
	return drafts, nil
}

// ReadKeychain asks the macOS keychain, which may ask the person.
func (s Tool) ReadKeychain(ctx context.Context, at Location) ([]draft.Draft, error) {
	if at.Env.GOOS != "darwin" || s.keychain == "" {
		return nil, fs.ErrNotExist
	}
	data, err := exec.CommandContext(ctx, "/usr/bin/security", "find-generic-password", "-s", s.keychain, "-w").Output() //nolint:gosec // a fixed program and a fixed name
	if err != nil {
		return nil, fs.ErrNotExist
	}
	at.File = "keychain: " + s.keychain
	drafts, err := s.Parse(data, at)
	for i := range drafts {
		drafts[i].RefreshPath = "" // it cannot be taken from there
	}
	return drafts, err
}

// pathUnder joins a path to the folder that the variable names, else to home's.
func pathUnder(env auth.Environment, variable, standard string, path ...string) string {
	dir := env.Getenv(variable)
	if dir == "" {
		dir = filepath.Join(env.Getenv("HOME"), standard)
	}
	return filepath.Join(append([]string{dir}, path...)...)
}

// pickTexts picks the texts under keys, those that are there.
func pickTexts(doc gjson.Result, keys ...string) map[string]any {
	fields := map[string]any{}
	for _, key := range keys {
		if value := credential.FirstText(doc.Get(key)); value != "" {
			fields[key] = value
		}
	}
	return fields
}

// formatExpiry is a time in the form that CLIProxyAPI writes; "" when v is none.
func formatExpiry(v gjson.Result) string {
	at, ok := credential.ReadTime(v)
	return lo.Ternary(ok, credential.FormatTime(at), "")
}

// readStateFile reads a file that only helps to name an account; those grow large.
func readStateFile(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil || info.Size() > 16*credential.MaxSize {
		return nil, fs.ErrNotExist
	}
	return safefile.Read(file, 16*credential.MaxSize)
}
