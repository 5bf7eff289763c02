// Package draft describes a credential that was read or received and is not yet
// written: its provider, the members of its file, and the file's name.
//
// A Draft holds secrets: never print it.
package draft

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/auth/provider"
)

// Draft is a credential that is to be written. It holds secrets.
type Draft struct {
	Provider provider.Provider
	Fields   map[string]any // members of the file
	Name     string         // the file's name; "": FileName makes it
	Label    string         // replaces the e-mail address in the file's name if there is none
	APIKey   string         // an API key instead of a credential file
	Static   bool           // the user gave this very token: it is accepted although it cannot be renewed
	Warnings []auth.Warning

	Keeper      string // the program whose file it was read from; "" for a sign-in
	Source      string // the file that it was read from
	RefreshPath string // gjson path of the refresh token in Source, for -take; "" if it cannot be taken
}

// Warn adds a warning to the draft.
func (d *Draft) Warn(code, format string, args ...any) {
	d.Warnings = append(d.Warnings, auth.Warning{Code: code, Message: fmt.Sprintf(format, args...)})
}

// Text returns the text of the file: the draft's members, and those of old that the
// draft does not have, since the server keeps settings there (prefix, priority,
// disabled).
func (d *Draft) Text(old []byte) ([]byte, error) {
	merged := map[string]any{}
	_ = json.Unmarshal(old, &merged) // what is not an object is replaced
	if merged == nil {
		merged = map[string]any{}
	}
	for key, value := range d.Fields {
		merged[key] = value
	}
	text, err := json.MarshalIndent(merged, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode the credential: %w", err)
	}
	return append(text, '\n'), nil
}

// Content returns the draft as credential.Parse reads its file.
func (d *Draft) Content() (credential.Content, error) {
	text, err := d.Text(nil)
	if err != nil {
		return credential.Content{}, err
	}
	return credential.Parse(text)
}

// FileName returns the name of a new file: the provider's pattern with its words
// replaced; a word without a value is left out together with the dash before it.
func (d *Draft) FileName() (string, error) {
	if d.Name != "" {
		return d.Name, nil
	}
	c, err := d.Content()
	if err != nil {
		return "", err
	}
	pattern := lo.CoalesceOrEmpty(d.Provider.Settings.FileName, "{type}-{email}.json")
	words := map[string]string{
		"{type}": d.Provider.Type(), "{email}": lo.CoalesceOrEmpty(c.Email, d.Label, c.AccountID, "account"),
		"{plan}":     planSlug(c.Plan),
		"{account8}": accountHash(cmp.Or(c.Identity()[credential.IDOrganization], c.AccountID)),
		"{project}":  fmt.Sprint(lo.CoalesceOrEmpty(d.Fields["project_id"], any(""))),
	}
	for word, value := range words {
		if value == "" {
			pattern = strings.ReplaceAll(pattern, "-"+word, "")
		}
		pattern = strings.ReplaceAll(pattern, word, value)
	}
	return SafeName(pattern), nil
}

// accountHash returns the mark of an account in a file name of CLIProxyAPI 7: the
// first 8 hexadecimal digits of the SHA-256 of its id.
func accountHash(account string) string {
	if account == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(account))
	return hex.EncodeToString(sum[:4])
}

// planSlug returns a plan as CLIProxyAPI writes it into a file name.
func planSlug(plan string) string {
	words := strings.FieldsFunc(plan, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return strings.ToLower(strings.Join(words, "-"))
}

// SafeName returns a file name that ends in .json and has no separators, no leading
// dots and no characters other than ASCII letters, digits and @._+-, whatever a token
// claims.
func SafeName(name string) string {
	if strings.EqualFold(filepath.Ext(name), ".json") {
		name = name[:len(name)-len(".json")]
	}
	name = strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("@._+-", r) {
			return '-'
		}
		return r
	}, name)
	name = strings.TrimLeft(name, ".")
	if len(name) > 180 { // file systems take 255
		name = name[:180]
	}
	return lo.CoalesceOrEmpty(name, "account") + ".json"
}
