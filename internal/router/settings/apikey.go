package settings

import (
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/provider"
	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// readKey reads the key from the entry, from its credential, or from the provider's usual
// variable. The last one is sent only to the provider's own address; isOwn says whether
// the deployment has that.
func readKey(d *Deployment, row provider.Provider, params, values document.Section, isOwn bool) {
	d.KeyHeader = row.KeyHeader
	if isOwn {
		d.MessagesKeyHeader = row.MessagesKeyHeader
	}
	if readWrittenKey(d, row, params, values) || d.Mock != nil {
		return
	}
	getenv := params.File().Getenv
	key, keyVariable := row.Key(getenv)
	token, tokenVariable := row.Token(getenv)
	key, token = strings.TrimSpace(key), strings.TrimSpace(token)
	switch {
	case isOwn && key != "":
		d.Key, d.KeyVariable = key, keyVariable
	case isOwn && token != "":
		d.Key, d.KeyVariable, d.KeyHeader = token, tokenVariable, ""
	case isOwn && !row.KeyOptional && len(row.KeyVariables) > 0:
		d.KeyVariable, d.MissingKey = row.KeyVariables[0], row.KeyVariables[0]
		params.Warn("environment-variable-unset", "model",
			"environment variable %s is not set; the deployment answers 401 until it is", d.MissingKey)
	case !isOwn && key != "" && !row.KeyOptional:
		params.Warn("key-not-sent", "model", "no key is sent to this address; to send it the key in %s, write api_key: "+
			"os.environ/%s", keyVariable, keyVariable)
	}
}

// readWrittenKey reads the key that the entry or its credential has, and reports whether
// there is one.
func readWrittenKey(d *Deployment, row provider.Provider, params, values document.Section) bool {
	section, key := params, "api_key"
	d.Key, d.MissingKey = params.Text("api_key")
	if d.Key == "" && d.MissingKey == "" {
		section = values
		d.Key, d.MissingKey = values.Text("api_key")
	}
	if d.Key == "" && d.MissingKey == "" && row.Prefix == "azure" {
		section, key = params, "azure_ad_token"
		if d.Key, d.MissingKey = params.Text(key); d.Key != "" {
			d.KeyHeader = ""
		}
	}
	if d.Key == "" && d.MissingKey == "" {
		return false
	}
	written, _ := section.Value(key).(string)
	d.KeyVariable = variableOf(written)
	if d.MissingKey != "" {
		section.Warn("environment-variable-unset", key,
			"environment variable %s is not set; the deployment answers 401 until it is", d.MissingKey)
	}
	d.Key = strings.TrimSpace(d.Key) // a header cannot have the end of a line
	if name := foreignReference(d.Key); name != "" {
		section.Warn("key-is-shell-reference", key, "the text %q is sent as the key: write os.environ/%s", d.Key, name)
	}
	return true
}

// foreignReference returns the environment variable that a text names as shells, Python or
// other tools do, such as ${NAME} and os.environ["NAME"]; "" for another text.
func foreignReference(text string) string {
	rest := ""
	for _, prefix := range [...]string{"os.environ", "os.getenv", "process.env", "ENV", "env", "$"} {
		if after, ok := strings.CutPrefix(text, prefix); ok {
			rest = after
			break
		}
	}
	name := strings.Trim(rest, `./:[](){}"' `)
	isVariable := func(r rune) bool { return r == '_' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' }
	if name == "" || strings.TrimLeftFunc(name, isVariable) != "" || name == rest && !strings.HasPrefix(text, "$") {
		return ""
	}
	return name
}

// variableOf returns the environment variable that a reference names; "" for another text.
func variableOf(text string) string {
	if name, isRef := strings.CutPrefix(text, "os.environ/"); isRef {
		return name
	}
	return ""
}
