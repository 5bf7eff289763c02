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

// Draft is a credential on its way into the folder. It holds secrets.
type Draft struct {
	Provider provider.Provider
	Fields   map[string]any // the file's content
	Name     string         // the file's name; "" follows from the content
	Label    string         // stands for the email in the name when the content has none
	APIKey   string         // an API key instead of a file
	Static   bool           // a person named this very token: that it cannot be renewed is no reason to refuse it
	Warnings []auth.Warning

	Keeper      string // whose file it was found in; "" for a sign-in
	Source      string // that file
	RefreshPath string // path of the refresh token in it, for -take; "" when it cannot be taken
}

func (d *Draft) Warn(code, format string, args ...any) {
	d.Warnings = append(d.Warnings, auth.Warning{Code: code, Message: fmt.Sprintf(format, args...)})
}

// Text is the text of the file, keys of old that the draft does not have
// included: the server keeps its own there (prefix, priority, disabled).
func (d *Draft) Text(old []byte) ([]byte, error) {
	merged := map[string]any{}
	_ = json.Unmarshal(old, &merged) // what is no object is replaced
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

// Content is the draft as the store would read it.
func (d *Draft) Content() (credential.Content, error) {
	text, err := d.Text(nil)
	if err != nil {
		return credential.Content{}, err
	}
	return credential.Parse(text)
}

// FileName is the name of a new file: the provider's pattern, its words filled
// in, those without a value left out with the dash before them.
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
		"{type}": d.Provider.Type(), "{email}": lo.CoalesceOrEmpty(c.Email, d.Label, c.AccountID, "account"), "{plan}": planSlug(c.Plan),
		"{account8}": accountMark(cmp.Or(c.Identity()[credential.IDOrganization], c.AccountID)), "{project}": fmt.Sprint(lo.CoalesceOrEmpty(d.Fields["project_id"], any(""))),
	}
	for word, value := range words {
		if value == "" {
			pattern = strings.ReplaceAll(pattern, "-"+word, "")
		}
		pattern = strings.ReplaceAll(pattern, word, value)
	}
	return SafeName(pattern), nil
}

// accountMark is CLIProxyAPI 7's mark of an account in a file name: the first 8
// hexadecimal digits of the SHA-256 of its id.
func accountMark(account string) string {
	if account == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(account))
	return hex.EncodeToString(sum[:4])
}

// planSlug is a plan as CLIProxyAPI writes it into a file name.
func planSlug(plan string) string {
	words := strings.FieldsFunc(plan, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return strings.ToLower(strings.Join(words, "-"))
}

// SafeName makes a name that stays in its folder, whatever a token claimed.
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
