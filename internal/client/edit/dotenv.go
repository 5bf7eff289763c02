package edit

import (
	"bytes"
	"fmt"
	"strings"
)

// dotEnvCodec returns the functions for files of NAME=value lines, as dotenv libraries
// read them: an optional "export", comments after "#", values in quotes.
func dotEnvCodec() codec {
	return codec{lookup: lookupDotEnv, set: setDotEnv, remove: removeDotEnv, decode: decodeDotEnv,
		isEmpty: func([]byte, Path) (bool, error) { return false, nil }}
}

// dotEnvLine is the place of a variable in a text; the numbers are offsets in bytes.
type dotEnvLine struct {
	start, end           int // of the line, including its line end
	valueStart, valueEnd int
	found                bool
}

// decodeDotEnv returns all variables of a text.
func decodeDotEnv(text []byte) (map[string]any, error) {
	values := map[string]any{}
	for line := range bytes.Lines(text) {
		if name, ok := variableOf(string(line)); ok {
			value, _, err := lookupDotEnv(text, Path{name})
			if err != nil {
				return nil, err
			}
			values[name] = value
		}
	}
	return values, nil
}

// variableOf returns the name of the variable that a line sets; ok is false when it sets none.
func variableOf(line string) (name string, ok bool) {
	name, _, ok = strings.Cut(line, "=")
	name = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(name), "export "))
	return name, ok && name != "" && name[0] != '#'
}

// findVariable returns the place of the variable that path names; its found is false when there
// is none.
func findVariable(text []byte, path Path) (dotEnvLine, error) {
	if len(path) != 1 {
		return dotEnvLine{}, fmt.Errorf("%s: variables have no tables", path)
	}
	var place dotEnvLine
	for start := 0; start < len(text); {
		end := restOfLine(text, start)
		if name, ok := variableOf(string(text[start:end])); ok && name == path[0] {
			name, value, _ := strings.Cut(string(text[start:end]), "=")
			if place.found {
				return place, fmt.Errorf("the variable %s is set twice", path[0])
			}
			at := start + len(name) + 1
			body := strings.TrimRight(value, " \t\r\n")
			at += len(body) - len(strings.TrimLeft(body, " \t"))
			place = dotEnvLine{start, end, at, start + len(name) + 1 + valueLength(body), true}
		}
		start = end
	}
	return place, nil
}

// valueLength returns the length in bytes of the value at the start of text, including the white
// space before it and without a comment after it.
func valueLength(text string) int {
	lead := len(text) - len(strings.TrimLeft(text, " \t"))
	rest := text[lead:]
	if rest != "" && strings.ContainsAny(rest[:1], `"'`) {
		for i := 1; i < len(rest); i++ {
			switch {
			case rest[i] == '\\' && rest[0] == '"':
				i++
			case rest[i] == rest[0]:
				return lead + i + 1
			}
		}
	}
	if i := strings.Index(rest, " #"); i >= 0 {
		rest = strings.TrimRight(rest[:i], " \t")
	}
	return lead + len(rest)
}

// lookupDotEnv returns the value of a variable.
func lookupDotEnv(text []byte, path Path) (any, bool, error) {
	place, err := findVariable(text, path)
	if err != nil || !place.found {
		return nil, false, err
	}
	return unquote(string(text[place.valueStart:place.valueEnd])), true, nil
}

// unquote returns the value that text, which may be in quotes, stands for.
func unquote(text string) string {
	if len(text) < 2 || text[0] != text[len(text)-1] || !strings.ContainsAny(text[:1], `"'`) {
		return text
	}
	inner := text[1 : len(text)-1]
	if text[0] == '\'' {
		return inner
	}
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\$`, `$`, "\\`", "`").Replace(inner)
}

// setDotEnv replaces the value of a variable or adds a line with it.
func setDotEnv(text []byte, path Path, value any) ([]byte, error) {
	place, err := findVariable(text, path)
	if err != nil {
		return nil, err
	}
	plain := fmt.Sprint(value)
	if strings.ContainsAny(plain, "\r\n") {
		return nil, fmt.Errorf("the value of %s has a line break", path)
	}
	quoted := plain
	if strings.ContainsAny(plain, " \t#\"'\\$`") || plain == "" {
		quoted = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`").Replace(plain) + `"`
	}
	if place.found {
		return splice(text, place.valueStart, place.valueEnd, quoted), nil
	}
	newline := lineEnd(text)
	return insertLine(text, len(text), path[0]+"="+quoted+newline, newline), nil
}

// removeDotEnv removes the line of a variable.
func removeDotEnv(text []byte, path Path) ([]byte, error) {
	place, err := findVariable(text, path)
	if err != nil || !place.found {
		return text, err
	}
	return removeLines(bytes.Clone(text), place.start, place.end), nil
}
