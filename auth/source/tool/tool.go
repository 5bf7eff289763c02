// Package tool reads the credential files of the providers' own tools: Codex,
// Claude Code, Gemini CLI, Copilot's editor plug-ins, Kiro, Qwen Code. All lists
// the tools; each tool has a file in the package.
//
// It writes nothing and changes no tool's file. The package is over 700 lines because
// it holds one file for each of six tools.
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

// Tool is a program that keeps credentials of a provider.
type Tool struct {
	Keeper   string // "codex-cli"
	Provider string
	Places   func(env auth.Environment) []string // its usual files, the preferred one first
	// macOS: the keychain item that holds the credential if there is no file
	keychain string
	read     func(doc gjson.Result, at Location) ([]draft.Draft, error) // reads the file's content
	refresh  string                                                     // gjson path of the refresh token, for -take
	Absent   string                                                     // hint for a user whose files were not found
}

// Location is what a tool's reader may use besides the document.
type Location struct {
	File    string
	Project string // the flag -project
	Env     auth.Environment
}

// All returns the known tools. A new one is a file in this package and a line here.
func All() []Tool {
	return []Tool{codexCLI(), claudeCode(), geminiCLI(), copilotEditors(), kiroIDE(), qwenCode()}
}

// ErrOtherForm reports that a document does not have the form of the tool's file.
var ErrOtherForm = errors.New("it does not have the expected form")

// Find reads the first of the usual files that holds a credential. If none does,
// the error is the most specific one: source-unsupported before source-invalid
// before fs.ErrNotExist.
func (t Tool) Find(at Location) ([]draft.Draft, error) {
	best := error(fs.ErrNotExist)
	for _, file := range t.Places(at.Env) {
		if _, err := os.Lstat(file); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		drafts, err := t.load(file, at)
		if err == nil {
			return drafts, nil
		}
		if errors.Is(best, fs.ErrNotExist) || fault.HasCode(best, "source-invalid") &&
			fault.HasCode(err, "source-unsupported") {
			best = err
		}
	}
	return nil, best
}

// load reads one file of the tool. Faults: source-unreadable, source-invalid,
// source-unsupported.
func (t Tool) load(file string, at Location) ([]draft.Draft, error) {
	data, err := credential.ReadFile(file)
	if err != nil {
		return nil, err
	}
	at.File = file
	return t.Parse(data, at)
}

// Parse reads the content of a file of the tool. Faults: source-invalid,
// source-unsupported.
func (t Tool) Parse(data []byte, at Location) ([]draft.Draft, error) {
	data = credential.TrimByteOrderMark(data)
	if credential.IsDatabase(data) {
		return nil, credential.UnsupportedDatabase(at.File)
	}
	doc, err := credential.ReadObject(data)
	if err != nil {
		return nil, credential.Invalid(at.File, err)
	}
	drafts, err := t.read(doc, at)
	if err != nil {
		return nil, err
	}
	for i := range drafts {
		drafts[i].Keeper, drafts[i].Source = t.Keeper, at.File
		if drafts[i].RefreshPath == "" {
			drafts[i].RefreshPath = t.refresh
		}
	}
	return drafts, nil
}

// ReadKeychain reads the tool's item of the macOS keychain, which may ask the user.
// It returns fs.ErrNotExist if there is none.
func (t Tool) ReadKeychain(ctx context.Context, at Location) ([]draft.Draft, error) {
	if at.Env.GOOS != "darwin" || t.keychain == "" {
		return nil, fs.ErrNotExist
	}
	data, err := exec.CommandContext(ctx, "/usr/bin/security", "find-generic-password", "-s", t.keychain, "-w").Output() //nolint:gosec // a fixed program and a fixed name
	if err != nil {
		return nil, fs.ErrNotExist
	}
	at.File = "keychain: " + t.keychain
	drafts, err := t.Parse(data, at)
	for i := range drafts {
		drafts[i].RefreshPath = "" // -take does not change the keychain
	}
	return drafts, err
}

// pathUnder joins a path to the folder that the variable names, else to the
// standard folder in HOME.
func pathUnder(env auth.Environment, variable, standard string, path ...string) string {
	dir := env.Getenv(variable)
	if dir == "" {
		dir = filepath.Join(env.Getenv("HOME"), standard)
	}
	return filepath.Join(append([]string{dir}, path...)...)
}

// pickTexts returns the nonblank strings under keys.
func pickTexts(doc gjson.Result, keys ...string) map[string]any {
	fields := map[string]any{}
	for _, key := range keys {
		if value := credential.FirstText(doc.Get(key)); value != "" {
			fields[key] = value
		}
	}
	return fields
}

// formatTime returns a time in the form that CLIProxyAPI writes; "" if v is not a
// time.
func formatTime(v gjson.Result) string {
	at, ok := credential.ReadTime(v)
	return lo.Ternary(ok, credential.FormatTime(at), "")
}

// readStateFile reads a tool's state, which only names the account and may be large
// (16 MB at most).
func readStateFile(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil || info.Size() > 16*credential.MaxSize {
		return nil, fs.ErrNotExist
	}
	return safefile.Read(file, 16*credential.MaxSize)
}
