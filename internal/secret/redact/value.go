package redact

import (
	"slices"
	"strings"
	"unicode"
)

// keyPrefix is the prefix of a kind of key, with the length in bytes from which a word
// with that prefix counts as a key.
type keyPrefix struct {
	prefix string
	least  int
}

// shortestKey is the least length of all prefixes.
const shortestKey = 12

// prefixes lists the prefixes of the keys and tokens that known services issue.
var prefixes = [...]keyPrefix{
	// model providers
	{"sk-", 12}, {"sk_", 24}, {"AIza", 30}, {"ya29.", 20}, {"1//0", 24}, {"GOCSPX-", 20}, {"xai-", 20}, {"gsk_", 20},
	{"hf_", 20}, {"api_org_", 30}, {"nvapi-", 20}, {"pplx-", 20},
	{"r8_", 20}, {"tgp_v1_", 20}, {"fw_", 20}, {"csk-", 24}, {"jina_", 24}, {"tvly-", 20}, {"pcsk_", 30}, {"dapi", 36},
	{"lsv2_", 30}, {"sess-", 30}, {"ABSK", 60}, {"bedrock-api-key-", 40},
	// code hosts, clouds and other services
	{"ghp_", 20}, {"gho_", 20}, {"ghu_", 20}, {"ghs_", 20}, {"ghr_", 20}, {"github_pat_", 20}, {"glpat-", 20},
	{"gldt-", 20}, {"glrt-", 20}, {"AKIA", 20}, {"ASIA", 20}, {"ABIA", 20}, {"ACCA", 20}, {"LTAI", 20},
	{"xoxb-", 20}, {"xoxp-", 20}, {"xoxa-", 20}, {"xoxr-", 20}, {"xoxs-", 20}, {"xoxe.", 20}, {"xoxe-", 20}, {"xapp-", 20},
	{"npm_", 30}, {"pypi-", 40}, {"SG.", 40}, {"rk_live_", 20}, {"rk_test_", 20}, {"whsec_", 20},
	{"dop_v1_", 30}, {"doo_v1_", 30}, {"dor_v1_", 30}, {"hvs.", 24}, {"hvb.", 24}, {"lin_api_", 30}, {"ntn_", 30},
	{"shpat_", 30}, {"sntrys_", 30}, {"glsa_", 30}, {"eyJ", 40}, {"AGE-SECRET-KEY-", 30},
}

// firstBytes says of each byte whether one of prefixes begins with it: most places of a text are none.
var firstBytes = func() (all [256]bool) {
	for _, p := range prefixes {
		all[p.prefix[0]] = true
	}
	return all
}()

// begins reports whether text begins with the prefix. The first two bytes, which each prefix has, mostly decide that.
func (p *keyPrefix) begins(text string) bool {
	return len(text) >= len(p.prefix) && text[0] == p.prefix[0] && text[1] == p.prefix[1] &&
		strings.HasPrefix(text, p.prefix)
}

// redactText shortens a value that looks like a key, the key in "Bearer KEY", a private
// key, and the secret parts of URLs.
func redactText(value string) string {
	if scheme, key, ok := strings.Cut(value, " "); ok && strings.EqualFold(scheme, "bearer") &&
		len(key) >= minSecretLength && !IsReference(key) {
		return scheme + " " + Value(key)
	}
	if looksLikeKey(value) {
		return Value(value)
	}
	return URL(redactPrivateKeys(value))
}

// looksLikeKey reports whether value has the prefix and the length of a known kind of
// key.
func looksLikeKey(value string) bool {
	if value == "" || !firstBytes[value[0]] {
		return false
	}
	for i := range prefixes {
		if p := &prefixes[i]; len(value) >= p.least && p.begins(value) &&
			!strings.ContainsAny(value[len(p.prefix):], " \t\n/") {
			return true
		}
	}
	return false
}

// beginsLikeKey reports whether text begins with the prefix of a known kind of key.
func beginsLikeKey(text string) bool {
	if text == "" || !firstBytes[text[0]] {
		return false
	}
	for i := range prefixes {
		if prefixes[i].begins(text) {
			return true
		}
	}
	return false
}

// URL returns text with the passwords, the query values and the webhook paths of its
// URLs shortened: scheme://user:…@host/path?name=…. Use it for every URL in a message,
// also for one that cannot be parsed.
func URL(text string) string {
	if !strings.Contains(text, "://") {
		return text
	}
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "://")
		out.WriteString(before)
		if !ok {
			return out.String()
		}
		end := strings.IndexAny(rest, " \t\r\n\"'`<>")
		if end < 0 {
			end = len(rest)
		}
		out.WriteString("://" + redactQuery(redactWebhook(redactUser(rest[:end]))))
		text = rest[end:]
	}
}

// redactUser shortens what stands before the @ of user:password@host/path. The user is
// unchanged, unless it is long enough to be a key.
func redactUser(address string) string {
	end := strings.IndexAny(address, "/?#")
	if end < 0 {
		end = len(address)
	}
	at := strings.LastIndexByte(address[:end], '@')
	if at < 0 {
		return address
	}
	user, _, hasPassword := strings.Cut(address[:at], ":")
	switch {
	case hasPassword:
		return shortenKey(user) + ":…" + address[at:]
	case len(user) >= minSecretLength || looksLikeKey(user):
		return Value(user) + address[at:]
	}
	return address
}

// shortenKey shortens a user name that may be a key.
func shortenKey(user string) string {
	if len(user) >= minSecretLength || looksLikeKey(user) {
		return Value(user)
	}
	return user
}

// redactWebhook replaces the path of a URL whose path is a key: a webhook's, or a
// bot's.
func redactWebhook(address string) string {
	host, path, _ := strings.Cut(address, "/")
	path, query, hasQuery := strings.Cut(path, "?")
	lower := strings.ToLower(path)
	isWebhook := strings.HasPrefix(host, "hooks.") || strings.Contains(host, "webhook") ||
		strings.Contains(lower, "webhooks/") || strings.Contains(lower, "webhookb2/") ||
		strings.HasPrefix(host, "api.telegram.org") && strings.HasPrefix(path, "bot")
	if !isWebhook || path == "" {
		return address
	}
	if hasQuery {
		return host + "/…?" + query
	}
	return host + "/…"
}

// redactQuery replaces the values of a query, and a fragment that has values. The names
// in the query are unchanged.
func redactQuery(address string) string {
	address, fragment, hasFragment := strings.Cut(address, "#")
	path, query, hasQuery := strings.Cut(address, "?")
	parts := strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' })
	for i, part := range parts {
		name, value, named := strings.Cut(part, "=")
		switch {
		case named && value != "":
			parts[i] = name + "=…"
		case !named:
			parts[i] = "…"
		}
	}
	if hasQuery {
		path += "?" + strings.Join(parts, "&")
	}
	if hasFragment && strings.Contains(fragment, "=") {
		fragment = "…"
	}
	if hasFragment {
		path += "#" + fragment
	}
	return path
}

// LooksRandom reports whether value contains at least 16 letters and digits in a row, a
// digit among them, as keys do and words do not.
func LooksRandom(value string) bool {
	isOther := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	return slices.ContainsFunc(strings.FieldsFunc(value, isOther), func(word string) bool {
		return len(word) >= 16 && strings.ContainsAny(word, "0123456789")
	})
}
