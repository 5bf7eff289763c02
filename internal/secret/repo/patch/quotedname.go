package patch

import (
	"fmt"
	"strconv"
	"strings"
)

// parseName returns a name that git printed, which is quoted as in C when it has
// unusual characters.
func parseName(name string) (string, error) {
	if strings.HasPrefix(name, `"`) {
		return unquoteName(name)
	}
	return name, nil
}

// unquoteName returns a path that git quoted: C's escapes, bytes in octal.
func unquoteName(s string) (string, error) {
	bad := fmt.Errorf("%w: file name %.80q", errPatch, s)
	inner, ok := strings.CutSuffix(s[1:], `"`)
	if !ok {
		return "", bad
	}
	var b strings.Builder
	for i := 0; i < len(inner); i++ {
		if inner[i] != '\\' {
			b.WriteByte(inner[i])
			continue
		}
		if i++; i == len(inner) {
			return "", bad
		}
		if at := strings.IndexByte(`abtnvfr"\`, inner[i]); at >= 0 {
			b.WriteByte("\a\b\t\n\v\f\r\"\\"[at])
			continue
		}
		if i+3 > len(inner) {
			return "", bad
		}
		code, err := strconv.ParseUint(inner[i:i+3], 8, 8)
		if err != nil {
			return "", bad
		}
		b.WriteByte(byte(code))
		i += 2
	}
	return b.String(), nil
}
