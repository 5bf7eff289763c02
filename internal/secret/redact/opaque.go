package redact

import "strings"

// minOpaqueLength is the length in bytes from which a value without a known form is
// taken for a secret because of what stands before it.
const minOpaqueLength = 12

// redactLine is a line of a log with the values shortened that are secret by
// what stands before them: a scheme as in "Authorization: Bearer VALUE", a name
// as in api_key=VALUE or "refresh_token": "VALUE", the first line of a private key.
func redactLine(line string) string {
	return redactNamedValues(redactAuthSchemes(redactPrivateKeys(line)))
}

// redactPrivateKeys replaces what stands between the first and the last line
// of private keys in a text.
func redactPrivateKeys(text string) string {
	const mark = "PRIVATE KEY-----"
	before, rest, found := strings.Cut(text, mark)
	if !found || !strings.Contains(before, "-----BEGIN ") {
		return text
	}
	end := strings.Index(rest, "-----END ")
	if end < 0 {
		return before + mark + "…"
	}
	last := strings.Index(rest[end:], mark)
	if last < 0 {
		return before + mark + "…" + rest[end:]
	}
	last += end + len(mark)
	return before + mark + "…" + rest[end:last] + redactPrivateKeys(rest[last:])
}

// redactAuthSchemes shortens what follows "Bearer " and "Basic ", if it may be a key.
func redactAuthSchemes(line string) string {
	for _, scheme := range [...]string{"bearer ", "basic "} {
		lower := strings.ToLower(line)
		if len(lower) != len(line) { // letters that are longer in lower case: positions would differ
			continue
		}
		var out strings.Builder
		done := 0
		for {
			at := strings.Index(lower[done:], scheme)
			if at < 0 {
				break
			}
			begin := done + at + len(scheme)
			end := begin + keyLength(line[begin:])
			out.WriteString(line[done:begin] + shortenOpaque(line[begin:end]))
			done = end
		}
		line = out.String() + line[done:]
	}
	return line
}

// redactNamedValues shortens values behind the names of secrets: name=value,
// name: value, "name": "value".
func redactNamedValues(line string) string {
	var out strings.Builder
	done := 0
	for i := 0; i < len(line); i++ {
		if line[i] != '=' && line[i] != ':' {
			continue
		}
		name := strings.TrimRight(line[:i], " \"'\\")
		begin := len(name)
		for begin > 0 && isKeyByte(name[begin-1]) {
			begin--
		}
		if name = name[begin:]; name == "" || !isSecretName(name) {
			continue
		}
		value := i + 1 + len(line[i+1:]) - len(strings.TrimLeft(line[i+1:], " \"'\\"))
		end := value + keyLength(line[value:])
		if value < done || end == value {
			continue
		}
		out.WriteString(line[done:value] + shortenOpaque(line[value:end]))
		done = end
		i = end - 1
	}
	return out.String() + line[done:]
}

// keyLength is the length of the stretch of text that keys, tokens and base64 are made of.
func keyLength(text string) int {
	n := 0
	for n < len(text) && (isKeyByte(text[n]) || strings.IndexByte("+/=~", text[n]) >= 0) {
		n++
	}
	return n
}

// shortenOpaque shortens a value that may be a key: long, and no plain word.
func shortenOpaque(value string) string {
	if len(value) < minOpaqueLength || !strings.ContainsAny(value, "0123456789") {
		return value
	}
	return Value(value)
}
