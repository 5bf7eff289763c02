package source

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/bundle"
	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/auth/draft"
	"github.com/flowgate-go/flowgate/auth/provider"
	"github.com/flowgate-go/flowgate/auth/source/tool"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/printable"
)

// importer is one import's look at its source.
type importer struct {
	cfg      *config.Config
	provider *provider.Provider // nil: all
	at       tool.Location
	o        Options
}

func (in importer) open(ctx context.Context) ([]draft.Draft, error) {
	if in.o.Source == "" {
		return in.usual(ctx)
	}
	info, err := os.Stat(in.o.Source)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, credential.Missing(in.o.Source)
	case err == nil && info.IsDir():
		return in.folder()
	}
	data, err := credential.ReadFile(in.o.Source)
	if err != nil {
		return nil, err
	}
	if bundle.IsBundle(data) {
		return in.unpack(data)
	}
	return in.file(data)
}

// usual looks where the provider's own tools keep their credentials.
func (in importer) usual(ctx context.Context) ([]draft.Draft, error) {
	if in.provider == nil {
		return nil, fault.Usage("source-missing", "all is for a folder or an export").WithHint("-source=FOLDER or -source=FILE.age")
	}
	tools := in.matching()
	if len(tools) == 0 {
		return nil, fault.Usage("import-unsupported", "no other tool is known to keep credentials of %s", in.provider.Name).
			WithHint("mage auth:login %s, or -source=FILE with a file that CLIProxyAPI made", in.provider.Name)
	}
	var looked []string
	for _, s := range tools {
		drafts, err := s.Find(in.at)
		if err != nil {
			if kept, failed := s.ReadKeychain(ctx, in.at); failed == nil || errors.Is(err, fs.ErrNotExist) {
				drafts, err = kept, failed
			}
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return drafts, err
		}
		looked = append(looked, s.Places(in.at.Env)...)
	}
	return nil, fault.New("source-missing", "no credential of %s was found; looked at %s", in.provider.Name, strings.Join(looked, ", ")).
		WithHint("%s; or -source=FILE", tools[0].Absent)
}

func (in importer) matching() []tool.Tool {
	var found []tool.Tool
	for _, s := range tool.All() {
		if s.Provider == in.provider.Name {
			found = append(found, s)
		}
	}
	return found
}

// file reads a file of any form that the provider has.
func (in importer) file(data []byte) ([]draft.Draft, error) {
	in.at.File = in.o.Source
	if credential.IsDatabase(data) {
		return nil, credential.UnsupportedDatabase(in.o.Source)
	}
	doc, failed := credential.ReadObject(data)
	if failed != nil {
		return nil, credential.Invalid(in.o.Source, failed)
	}
	if in.provider == nil || credential.FirstText(doc.Get("type")) != "" {
		return ParseCredential(in.provider, data, in.o.Source)
	}
	err := credential.Invalid(in.o.Source, tool.ErrOtherForm)
	for _, s := range in.matching() {
		drafts, failed := s.Parse(data, in.at)
		if failed == nil {
			return drafts, nil
		}
		err = failed
	}
	return nil, err
}

// ParseCredential reads a file that a CLIProxyAPI made.
func ParseCredential(provider *provider.Provider, data []byte, file string) ([]draft.Draft, error) {
	c, err := credential.Parse(data)
	if err != nil {
		return nil, credential.Invalid(file, err)
	}
	if c.Type == "" {
		return nil, credential.Invalid(file, errors.New(`there is no "type" in it`))
	}
	if c.Secret() == "" {
		return nil, credential.Invalid(file, errors.New("there is neither an access token nor a refresh token in it"))
	}
	if provider != nil && c.Type != provider.Type() {
		return nil, credential.Invalid(file, fault.New("source-invalid", "it is a credential of type %q, and %s has %q", c.Type, provider.Name, provider.Type()))
	}
	fields, _ := gjson.ParseBytes(data).Value().(map[string]any) // parse has looked at its depth
	d := draft.Draft{Fields: fields, Name: draft.SafeName(filepath.Base(file)), Keeper: "cliproxyapi-elsewhere", Source: file, RefreshPath: "refresh_token"}
	if credential.FirstText(gjson.GetBytes(data, "refresh_token")) == "" {
		d.RefreshPath = "token.refresh_token"
	}
	return []draft.Draft{d}, nil
}

// folder reads all credential files of another CLIProxyAPI. As that does, it
// passes over what is not one, and says so.
func (in importer) folder() ([]draft.Draft, error) {
	files, err := auth.CredentialFiles(in.o.Source)
	if err != nil {
		return nil, err
	}
	var drafts []draft.Draft
	var odd []auth.Warning
	for _, file := range files {
		found, err := in.member(file)
		if err != nil {
			odd = append(odd, auth.Warning{Code: "source-left-out", Message: filepath.Base(file) + " was left out: " + err.Error()})
			continue
		}
		drafts = append(drafts, found...)
	}
	if len(drafts) == 0 {
		why := ""
		if len(odd) > 0 {
			why = "; " + odd[0].Message
		}
		return nil, fault.New("source-missing", "no credential of that kind is in %s%s", in.o.Source, why).
			WithHint("mage auth:import all -source=%s takes those of every provider", in.o.Source)
	}
	drafts[0].Warnings = append(drafts[0].Warnings, odd...)
	return drafts, nil
}

// member reads one file of a folder: nothing when it is of another provider.
func (in importer) member(file string) ([]draft.Draft, error) {
	data, err := credential.ReadFile(file)
	if err != nil {
		return nil, err
	}
	doc, err := credential.ReadObject(data)
	if err != nil {
		return nil, credential.Invalid(file, err)
	}
	if kind := credential.FirstText(doc.Get("type")); in.provider != nil && kind != "" && kind != in.provider.Type() {
		return nil, nil
	}
	return ParseCredential(in.provider, data, file)
}

// Bind ties a draft to its provider.
func Bind(cfg *config.Config, to *provider.Provider, d *draft.Draft) error {
	if d.APIKey != "" {
		if d.Provider.Name == "" {
			d.Provider = *to
		}
		return nil
	}
	if to != nil {
		d.Provider = *to
		d.Fields["type"] = to.Type()
		return nil
	}
	providers, err := provider.All(cfg)
	if err != nil {
		return err
	}
	kind, _ := d.Fields["type"].(string)
	p, known := provider.OfType(providers, kind)
	if !known {
		p = provider.Provider{Name: kind, Methods: []string{"import"}, Settings: provider.Settings{FileType: kind}}
		d.Warn(auth.ProblemType, "no provider has files of type %q", kind)
	}
	d.Provider = p
	return nil
}

// unpack reads an export. Nothing of it is believed: names are made safe and
// every file is read as an import is.
func (in importer) unpack(data []byte) ([]draft.Draft, error) {
	files, err := bundle.Open(data, in.o.Source, in.at.Env, bundle.Key{Env: in.o.Env, Identity: in.o.Identity, Ask: in.o.Secret})
	if err != nil {
		return nil, err
	}
	return in.bundled(files)
}

func (in importer) bundled(files []bundle.File) ([]draft.Draft, error) {
	var drafts []draft.Draft
	var odd []auth.Warning
	for _, f := range files {
		if f.Provider != "" {
			p, err := provider.Find(in.cfg, f.Provider)
			if err != nil {
				return nil, err
			}
			if in.provider == nil || in.provider.Name == p.Name {
				drafts = append(drafts, draft.Draft{APIKey: strings.TrimSpace(f.Text), Provider: p, Source: in.o.Source})
			}
			continue
		}
		if in.provider != nil && gjson.Get(f.Text, "type").Str != in.provider.Type() {
			continue
		}
		found, err := ParseCredential(in.provider, []byte(f.Text), f.Name)
		if err != nil {
			odd = append(odd, auth.Warning{Code: "source-left-out", Message: printable.EscapeLine(f.Name) + " was left out: " + err.Error()})
			continue
		}
		found[0].Source, found[0].Keeper, found[0].RefreshPath = in.o.Source, "", ""
		drafts = append(drafts, found...)
	}
	if len(drafts) == 0 {
		return nil, fault.New("source-missing", "no credential of that kind is in %s", in.o.Source).WithHint("mage auth:import all -source=%s takes all", in.o.Source)
	}
	drafts[0].Warnings = append(drafts[0].Warnings, odd...)
	return drafts, nil
}
