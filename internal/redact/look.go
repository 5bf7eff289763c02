package redact

import "strings"

// prefixes of keys and tokens that the known services issue, and the least
// length from which a word with one is taken for a key.
var prefixes = [...]struct {
	prefix string
	least  int
}{
	{"sk-", 12}, {"ghp_", 20}, {"gho_", 20}, {"ghu_", 20}, {"ghs_", 20}, {"github_pat_", 20},
	{"AIza", 30}, {"ya29.", 20}, {"xai-", 20}, {"gsk_", 20}, {"hf_", 20}, {"nvapi-", 20},
	{"AKIA", 20}, {"eyJ", 40}, {"xoxb-", 20}, {"AGE-SECRET-KEY-", 30}, {"pplx-", 20}, {"r8_", 20},
}

// text shortens a value that is a key by its look, the key in "Bearer KEY",
// and the password in a URL.
func text(value string) string {
	if scheme, key, ok := strings.Cut(value, " "); ok && strings.EqualFold(scheme, "bearer") && len(key) >= leastSecret && !IsReference(key) {
		return scheme + " " + Value(key)
	}
	if looksSecret(value) {
		return Value(value)
	}
	return withoutPassword(value)
}

func looksSecret(value string) bool {
	for _, p := range prefixes {
		if len(value) >= p.least && strings.HasPrefix(value, p.prefix) && !strings.ContainsAny(value, " \t\n/") {
			return true
		}
	}
	return false
}

// withoutPassword hides the password of scheme://user:password@host.
func withoutPassword(value string) string {
	scheme, rest, ok := strings.Cut(value, "://")
	if !ok {
		return value
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	at := strings.LastIndexByte(rest[:end], '@')
	user, _, hasPassword := strings.Cut(rest[:max(at, 0)], ":")
	if !hasPassword {
		return value
	}
	return scheme + "://" + user + ":…" + rest[at:]
}
