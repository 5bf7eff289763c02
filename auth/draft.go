package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/samber/lo"
)

// draft is a credential on its way into the folder. It holds secrets.
type draft struct {
	provider Provider
	fields   map[string]any // the file's content
	name     string         // the file's name; "" follows from the content
	label    string         // stands for the email in the name when the content has none
	key      string         // an API key instead of a file
	static   bool           // a person named this very token: that it cannot be renewed is no reason to refuse it
	warnings []Warning

	keeper  string // whose file it was found in; "" for a sign-in
	source  string // that file
	refresh string // path of the refresh token in it, for -take; "" when it cannot be taken
}

// Warning is something that was done though somebody should know about it.
type Warning struct {
	Code    string `json:"code"` // stable kebab-case word
	Message string `json:"message"`
}

func (d *draft) warn(code, format string, args ...any) {
	d.warnings = append(d.warnings, Warning{code, fmt.Sprintf(format, args...)})
}

// content is the text of the file, keys of old that the draft does not have
// included: the server keeps its own there (prefix, priority, disabled).
func (d *draft) content(old []byte) ([]byte, error) {
	merged := map[string]any{}
	_ = json.Unmarshal(old, &merged) // what is no object is replaced
	if merged == nil {
		merged = map[string]any{}
	}
	for key, value := range d.fields {
		merged[key] = value
	}
	text, err := json.MarshalIndent(merged, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode the credential: %w", err)
	}
	return append(text, '\n'), nil
}

// credential is the draft as the store would read it.
func (d *draft) credential() (credential, error) {
	text, err := d.content(nil)
	if err != nil {
		return credential{}, err
	}
	return parse(text)
}

// fileName is the name of a new file: the provider's pattern, its words filled
// in, those without a value left out with the dash before them.
func (d *draft) fileName() (string, error) {
	if d.name != "" {
		return d.name, nil
	}
	c, err := d.credential()
	if err != nil {
		return "", err
	}
	pattern := lo.CoalesceOrEmpty(d.provider.Settings.FileName, "{type}-{email}.json")
	words := map[string]string{
		"{type}": d.provider.Type(), "{email}": lo.CoalesceOrEmpty(c.Email, d.label, c.AccountID, "account"), "{plan}": slug(c.Plan),
		"{account8}": short(firstOf(c.identity()[idOrganization], c.AccountID)), "{project}": fmt.Sprint(lo.CoalesceOrEmpty(d.fields["project_id"], any(""))),
	}
	for word, value := range words {
		if value == "" {
			pattern = strings.ReplaceAll(pattern, "-"+word, "")
		}
		pattern = strings.ReplaceAll(pattern, word, value)
	}
	return safeName(pattern), nil
}

// short is CLIProxyAPI 7's mark of an account in a file name: the first 8
// hexadecimal digits of the SHA-256 of its id.
func short(account string) string {
	if account == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(account))
	return hex.EncodeToString(sum[:4])
}

// slug is a plan as CLIProxyAPI writes it into a file name.
func slug(plan string) string {
	words := strings.FieldsFunc(plan, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return strings.ToLower(strings.Join(words, "-"))
}

// safeName makes a name that stays in its folder, whatever a token claimed.
func safeName(name string) string {
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
