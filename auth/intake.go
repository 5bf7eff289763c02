package auth

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// intake is one import's look at its source.
type intake struct {
	cfg      *config.Config
	provider *Provider // nil: all
	at       place
	o        ImportOptions
}

func (in intake) open(ctx context.Context) ([]draft, error) {
	if in.o.Source == "" {
		return in.usual(ctx)
	}
	info, err := os.Stat(in.o.Source)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, missing(in.o.Source)
	case err == nil && info.IsDir():
		return in.folder()
	}
	data, err := readSource(in.o.Source)
	if err != nil {
		return nil, err
	}
	if isExport(data) {
		return in.unpack(data)
	}
	return in.file(data)
}

// usual looks where the provider's own tools keep their credentials.
func (in intake) usual(ctx context.Context) ([]draft, error) {
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
		drafts, err := s.find(in.at)
		if err != nil {
			if kept, failed := s.fromKeychain(ctx, in.at); failed == nil || errors.Is(err, fs.ErrNotExist) {
				drafts, err = kept, failed
			}
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return drafts, err
		}
		looked = append(looked, s.places(in.at.env)...)
	}
	return nil, fault.New("source-missing", "no credential of %s was found; looked at %s", in.provider.Name, strings.Join(looked, ", ")).
		WithHint("%s; or -source=FILE", tools[0].absent)
}

func (in intake) matching() []source {
	var found []source
	for _, s := range sources() {
		if s.provider == in.provider.Name {
			found = append(found, s)
		}
	}
	return found
}

// file reads a file of any form that the provider has.
func (in intake) file(data []byte) ([]draft, error) {
	in.at.file = in.o.Source
	if isDatabase(data) {
		return nil, unsupportedDatabase(in.o.Source)
	}
	doc, failed := readObject(data)
	if failed != nil {
		return nil, invalid(in.o.Source, failed)
	}
	if in.provider == nil || text(doc.Get("type")) != "" {
		return in.native(data, in.o.Source)
	}
	err := invalid(in.o.Source, errForeign)
	for _, s := range in.matching() {
		drafts, failed := s.parse(data, in.at)
		if failed == nil {
			return drafts, nil
		}
		err = failed
	}
	return nil, err
}

// native reads a file that a CLIProxyAPI made.
func (in intake) native(data []byte, file string) ([]draft, error) {
	c, err := parse(data)
	if err != nil {
		return nil, invalid(file, err)
	}
	if c.Type == "" {
		return nil, invalid(file, errors.New(`there is no "type" in it`))
	}
	if c.secret() == "" {
		return nil, invalid(file, errors.New("there is neither an access token nor a refresh token in it"))
	}
	if in.provider != nil && c.Type != in.provider.Type() {
		return nil, invalid(file, fault.New("source-invalid", "it is a credential of type %q, and %s has %q", c.Type, in.provider.Name, in.provider.Type()))
	}
	fields, _ := gjson.ParseBytes(data).Value().(map[string]any) // parse has looked at its depth
	d := draft{fields: fields, name: safeName(filepath.Base(file)), keeper: "cliproxyapi-elsewhere", source: file, refresh: "refresh_token"}
	if text(gjson.GetBytes(data, "refresh_token")) == "" {
		d.refresh = "token.refresh_token"
	}
	return []draft{d}, nil
}

// folder reads all credential files of another CLIProxyAPI. As that does, it
// passes over what is not one, and says so.
func (in intake) folder() ([]draft, error) {
	files, err := list(in.o.Source)
	if err != nil {
		return nil, err
	}
	var drafts []draft
	var odd []Warning
	for _, file := range files {
		found, err := in.member(file)
		if err != nil {
			odd = append(odd, Warning{"source-left-out", filepath.Base(file) + " was left out: " + err.Error()})
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
	drafts[0].warnings = append(drafts[0].warnings, odd...)
	return drafts, nil
}

// member reads one file of a folder: nothing when it is of another provider.
func (in intake) member(file string) ([]draft, error) {
	data, err := readSource(file)
	if err != nil {
		return nil, err
	}
	doc, err := readObject(data)
	if err != nil {
		return nil, invalid(file, err)
	}
	if kind := text(doc.Get("type")); in.provider != nil && kind != "" && kind != in.provider.Type() {
		return nil, nil
	}
	return in.native(data, file)
}

// bind ties a draft to its provider.
func (in intake) bind(d *draft) error {
	if d.key != "" {
		if d.provider.Name == "" {
			d.provider = *in.provider
		}
		return nil
	}
	if in.provider != nil {
		d.provider = *in.provider
		d.fields["type"] = in.provider.Type()
		return nil
	}
	providers, err := Providers(in.cfg)
	if err != nil {
		return err
	}
	kind, _ := d.fields["type"].(string)
	p, known := ofType(providers, kind)
	if !known {
		p = Provider{Name: kind, Methods: []string{"import"}, Settings: Settings{FileType: kind}}
		d.warn(ProblemType, "no provider has files of type %q", kind)
	}
	d.provider = p
	return nil
}

// isExport reports whether data is a file of the age format, binary or armored.
func isExport(data []byte) bool {
	return bytes.HasPrefix(data, []byte("age-encryption.org/")) || bytes.HasPrefix(data, []byte("-----BEGIN AGE ENCRYPTED FILE-----"))
}
