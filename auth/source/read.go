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

// importer reads the source of one import.
type importer struct {
	cfg      *config.Config
	provider *provider.Provider // nil: of all providers
	at       tool.Location
	o        Options
}

// readSource reads the source that the options name.
func (in importer) readSource(ctx context.Context) ([]draft.Draft, error) {
	if in.o.Source == "" {
		return in.readUsualPlaces(ctx)
	}
	info, err := os.Stat(in.o.Source)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, credential.Missing(in.o.Source)
	case err == nil && info.IsDir():
		return in.readFolder()
	}
	data, err := credential.ReadFile(in.o.Source)
	if err != nil {
		return nil, err
	}
	data = credential.TrimByteOrderMark(data)
	if bundle.IsBundle(data) {
		return in.decryptExport(data)
	}
	return in.parseFile(data)
}

// readUsualPlaces reads the files of the provider's own tools, else their keychain
// items.
func (in importer) readUsualPlaces(ctx context.Context) ([]draft.Draft, error) {
	if in.provider == nil {
		return nil, fault.Usage("source-missing", "the argument all needs a folder or an export").
			WithHint("-source=FOLDER or -source=FILE.age")
	}
	tools := in.toolsOfProvider()
	if len(tools) == 0 {
		return nil, fault.Usage("import-unsupported", "FlowGate knows no tool that keeps credentials of %s",
			in.provider.Name).
			WithHint("mage auth:login %s, or -source=FILE with a credential file of CLIProxyAPI", in.provider.Name)
	}
	var searched []string
	for _, s := range tools {
		drafts, err := s.Find(in.at)
		if err != nil {
			if stored, keychainErr := s.ReadKeychain(ctx, in.at); keychainErr == nil || errors.Is(err, fs.ErrNotExist) {
				drafts, err = stored, keychainErr
			}
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return drafts, err
		}
		searched = append(searched, s.Places(in.at.Env)...)
	}
	return nil, fault.New("source-missing", "no credential of %s was found; searched %s", in.provider.Name,
		strings.Join(searched, ", ")).
		WithHint("%s; or -source=FILE", tools[0].Absent)
}

// toolsOfProvider returns the known tools of the provider.
func (in importer) toolsOfProvider() []tool.Tool {
	var found []tool.Tool
	for _, s := range tool.All() {
		if s.Provider == in.provider.Name {
			found = append(found, s)
		}
	}
	return found
}

// parseFile reads a credential file of CLIProxyAPI or of one of the provider's tools.
func (in importer) parseFile(data []byte) ([]draft.Draft, error) {
	in.at.File = in.o.Source
	if credential.IsDatabase(data) {
		return nil, credential.UnsupportedDatabase(in.o.Source)
	}
	doc, err := credential.ReadObject(data)
	if err != nil {
		return nil, credential.Invalid(in.o.Source, err)
	}
	if in.provider == nil || credential.FirstText(doc.Get("type")) != "" {
		return ParseCredential(in.provider, data, in.o.Source)
	}
	err = credential.Invalid(in.o.Source, tool.ErrOtherForm)
	for _, s := range in.toolsOfProvider() {
		drafts, parseErr := s.Parse(data, in.at)
		if parseErr == nil {
			return drafts, nil
		}
		err = parseErr
	}
	return nil, err
}

// ParseCredential reads a credential file of CLIProxyAPI. It refuses one of another
// provider, unless provider is nil. Fault: source-invalid.
func ParseCredential(provider *provider.Provider, data []byte, file string) ([]draft.Draft, error) {
	c, err := credential.Parse(data)
	if err != nil {
		return nil, credential.Invalid(file, err)
	}
	if c.Type == "" {
		return nil, credential.Invalid(file, errors.New(`it has no "type"`))
	}
	if c.Secret() == "" {
		return nil, credential.Invalid(file, errors.New("it has neither an access token nor a refresh token"))
	}
	if provider != nil && c.Type != provider.Type() {
		return nil, credential.Invalid(file, fault.New("source-invalid",
			"it is a credential of type %q; the type of %s is %q", c.Type, provider.Name, provider.Type()))
	}
	fields, _ := gjson.ParseBytes(data).Value().(map[string]any) // Parse has checked its depth
	d := draft.Draft{Fields: fields, Name: draft.SafeName(filepath.Base(file)), Keeper: "cliproxyapi-elsewhere",
		Source: file, RefreshPath: "refresh_token"}
	if credential.FirstText(gjson.GetBytes(data, "refresh_token")) == "" {
		d.RefreshPath = "token.refresh_token"
	}
	return []draft.Draft{d}, nil
}

// readFolder reads all credential files of another CLIProxyAPI. As the server does,
// it leaves out other files, with a warning.
func (in importer) readFolder() ([]draft.Draft, error) {
	files, err := auth.CredentialFiles(in.o.Source)
	if err != nil {
		return nil, err
	}
	var drafts []draft.Draft
	var leftOut []auth.Warning
	for _, file := range files {
		found, err := in.readFolderFile(file)
		if err != nil {
			leftOut = append(leftOut, auth.Warning{Code: "source-left-out",
				Message: filepath.Base(file) + " was left out: " + err.Error()})
			continue
		}
		drafts = append(drafts, found...)
	}
	if len(drafts) == 0 {
		why := ""
		if len(leftOut) > 0 {
			why = "; " + leftOut[0].Message
		}
		return nil, fault.New("source-missing", "%s has no credential of that provider%s", in.o.Source, why).
			WithHint("mage auth:import all -source=%s imports those of every provider", in.o.Source)
	}
	drafts[0].Warnings = append(drafts[0].Warnings, leftOut...)
	return drafts, nil
}

// readFolderFile reads one file of a folder; it returns nothing if the file is of another
// provider.
func (in importer) readFolderFile(file string) ([]draft.Draft, error) {
	data, err := credential.ReadFile(file)
	if err != nil {
		return nil, err
	}
	data = credential.TrimByteOrderMark(data)
	doc, err := credential.ReadObject(data)
	if err != nil {
		return nil, credential.Invalid(file, err)
	}
	if kind := credential.FirstText(doc.Get("type")); in.provider != nil && kind != "" && kind != in.provider.Type() {
		return nil, nil
	}
	return ParseCredential(in.provider, data, file)
}

// Bind sets the provider of a draft and the type of its file. If to is nil, the file's
// type says which provider it is. Fault: provider-invalid.
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

// decryptExport reads an export. Its content is not trusted: names are made safe and every
// file is read as any other import.
func (in importer) decryptExport(data []byte) ([]draft.Draft, error) {
	files, err := bundle.Open(data, in.o.Source, in.at.Env, bundle.Key{Env: in.o.Env, Identity: in.o.Identity,
		Ask: in.o.Secret})
	if err != nil {
		return nil, err
	}
	return in.readBundle(files)
}

// readBundle reads the files of an export.
func (in importer) readBundle(files []bundle.File) ([]draft.Draft, error) {
	var drafts []draft.Draft
	var leftOut []auth.Warning
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
			leftOut = append(leftOut, auth.Warning{Code: "source-left-out",
				Message: printable.EscapeLine(f.Name) + " was left out: " + err.Error()})
			continue
		}
		found[0].Source, found[0].Keeper, found[0].RefreshPath = in.o.Source, "", ""
		drafts = append(drafts, found...)
	}
	if len(drafts) == 0 {
		return nil, fault.New("source-missing", "%s has no credential of that provider", in.o.Source).
			WithHint("mage auth:import all -source=%s imports all", in.o.Source)
	}
	drafts[0].Warnings = append(drafts[0].Warnings, leftOut...)
	return drafts, nil
}
