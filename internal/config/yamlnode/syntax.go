package yamlnode

import "strings"

// explainSyntax returns a message for people and a hint for a message of the YAML parser. A
// message that syntaxMessages does not have keeps the parser's words.
func explainSyntax(message string) (text, hint string) {
	for _, e := range syntaxMessages {
		if strings.Contains(message, e.part) {
			return e.text, e.hint
		}
	}
	return strings.ReplaceAll(message, "\n", " "), "see the line and the one above it"
}

// syntaxMessages maps parts of goccy/go-yaml's messages (as of v1.19.2) to messages and hints.
var syntaxMessages = [...]struct{ part, text, hint string }{
	{"end character of double-quoted", "the double quote opened here is never closed", `add the closing "`},
	{"end character of single-quoted", "the single quote opened here is never closed", "add the closing '"},
	{"tab character cannot", "a tab is used for indentation", "indent with spaces"},
	{"'\t'", "a tab is used for indentation", "indent with spaces"},
	{"character '\t' that cannot", "a tab is used for indentation", "indent with spaces"},
	{"found a tab character", "a tab is used for indentation", "indent with spaces"},
	{"',' or ']' must be specified", "the list opened with [ is not closed before this", "add the missing , or ]"},
	{"sequence end token ']'", "the list opened with [ is never closed", "add the missing ]"},
	{"',' or '}' must be specified", "the map opened with { is not closed before this", "add the missing , or }"},
	{"flow mapping end token '}'", "the map opened with { is never closed", "add the missing }"},
	{"corresponding to ']'", "this ] closes nothing", "take it out, or add the missing ["},
	{"corresponding to '}'", "this } closes nothing", "take it out, or add the missing {"},
	{"mapping value is not allowed", "a second key and value on one line, or a line indented too far",
		"quote a value that holds \": \", and give keys of one map the same indentation"},
	{"value is not allowed in this context", "this line does not fit the indentation of those above it",
		"give all keys of one map the same indentation"},
	{"non-map value is specified", "this line is neither `key: value` nor part of the value above",
		"add a colon after the key, or indent it as part of the value"},
	{"is a reserved character", "a value must not begin with this character", "put the value in quotes"},
	{"unknown escape character", "unknown escape in a double-quoted text",
		`write \\ for a backslash, or use single quotes`},
	{"undefined anchor name", "an & without a name", "name the anchor, or quote a value that begins with &"},
	{"undefined alias name", "a * without a name", "name the anchor meant, or quote a value that begins with *"},
	{"could not find multi-line content", "a text begun with | or > has no lines", "indent its lines below it"},
	{"invalid header option", "unknown option after | or >", "use |, |-, > or >-"},
	{"invalid key for this map", "a key must be a word or text, not a list or map", "write key: value"},
	{"unexpected scalar value type", "a value is missing here", "take out the extra comma"},
	{"too many entries", "the file has more than 20,000 keys and entries",
		"a configuration is a few kilobytes; check that -config names the right file"},
	{"nested too deeply", "nested more than 100 levels deep", "take levels out"},
}
