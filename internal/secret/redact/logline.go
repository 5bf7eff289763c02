package redact

import "strings"

// minOpaqueLength is the length in bytes from which a value without a known prefix
// counts as a secret because of what stands before it.
const minOpaqueLength = 12

// redactLine shortens the values of a log line that are secret by what stands before
// them: an authentication scheme as in "Authorization: Bearer VALUE", a name as in
// api_key=VALUE or "refresh_token": "VALUE", the first line of a private key.
func redactLine(line string) string {
	return redactNamedValues(redactAuthSchemes(redactPrivateKeys(line)))
}

// redactPrivateKeys replaces what stands between the first and the last line of each
// private key in text.
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

// redactAuthSchemes shortens the values after "Bearer " and "Basic " that may be keys.
func redactAuthSchemes(line string) string {
	for _, scheme := range [...]string{"bearer ", "basic "} {
		lower := strings.ToLower(line)
		if len(lower) != len(line) { // some letters are longer in lower case: offsets would differ
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

// redactNamedValues shortens the values of secret names: name=value, name: value,
// "name": "value".
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

// keyLength returns the length of the characters at the beginning of text that keys,
// tokens and base64 consist of.
func keyLength(text string) int {
	n := 0
	for n < len(text) && (isKeyByte(text[n]) || strings.IndexByte("+/=~", text[n]) >= 0) {
		n++
	}
	return n
}

// shortenOpaque shortens a value that may be a key: it is long and has a digit.
func shortenOpaque(value string) string {
	if len(value) < minOpaqueLength || !strings.ContainsAny(value, "0123456789") {
		return value
	}
	return Value(value)
}
