package config

import (
	"bytes"
	"fmt"
	"strings"
)

// setVersion writes config_version: 2 over an older one, or before the first key.
func (e *editor) setVersion(root *node) {
	want := fmt.Sprint(CurrentVersion)
	if f, ok := root.field("config_version"); ok {
		if f.value.text != want {
			from, to, _ := e.locateWord(f.value.at, f.value.text)
			e.replace(from, to, want)
		}
		return
	}
	if e.flow {
		at, key := e.offset(root.at)+1, `"config_version": `+want+","
		if first := root.fields[0].at; first.line > root.at.line {
			e.replace(at, at, e.newline+strings.Repeat(" ", first.column-1)+key)
			return
		}
		e.replace(at, at, key+" ")
		return
	}
	at := e.offset(root.fields[0].at)
	e.replace(at, at, "config_version: "+want+e.newline)
}

// renameInDependsOn renames the upstream in a list of services.
func (e *editor) renameInDependsOn(list *node) {
	if list == nil {
		return
	}
	for _, item := range list.items {
		if item.value == "cliproxyapi" {
			from, to, quote := e.locateWord(item.at, "cliproxyapi")
			e.replace(from, to, quote+CLIProxy+quote)
		}
	}
}

// moveOAuth makes the top-level key oauth auth.providers: the key becomes two,
// and the lines of its value move in by two spaces.
func (e *editor) moveOAuth(root *node) {
	f, ok := root.field("oauth")
	if !ok {
		return
	}
	from, to, quote := e.locateWord(f.at, "oauth")
	if from == to {
		return
	}
	if e.flow {
		e.wrapFlow(from, to, quote)
		return
	}
	indent := strings.Repeat(" ", f.at.column-1)
	e.replace(from, to, "auth:"+e.newline+indent+"  providers")
	for line := f.at.line; line < e.endOfEntry(root, f); line++ { // lines below the key's own
		start := e.lines[line]
		if len(bytes.TrimSpace(e.lineAt(line))) > 0 {
			e.replace(start, start, "  ")
		}
	}
}

// endOfEntry is the index after the last line of a top-level entry's value:
// blank lines and comments at the keys' own indentation belong to what follows.
func (e *editor) endOfEntry(root *node, f field) int {
	end := len(e.lines)
	for _, other := range root.fields {
		if other.at.line > f.at.line {
			end = min(end, other.at.line-1)
		}
	}
	for ; end > f.at.line; end-- {
		line := e.lineAt(end - 1)
		text := bytes.TrimSpace(line)
		outside := len(line) > 0 && line[0] == '#' || bytes.Equal(text, []byte("...")) || len(text) == 0
		if !outside {
			break
		}
	}
	return end
}

// lineAt returns a line by its index from 0.
func (e *editor) lineAt(i int) []byte {
	rest := e.data[e.lines[i]:]
	if n := bytes.IndexByte(rest, '\n'); n >= 0 {
		return rest[:n]
	}
	return rest
}

// wrapFlow turns "oauth": {…} into "auth": {"providers": {…}}.
func (e *editor) wrapFlow(from, to int, quote string) {
	open := bytes.IndexByte(e.data[to:], '{')
	if open < 0 || len(bytes.Trim(e.data[to:to+open], ": \t\r\n")) > 0 {
		e.err = fmt.Errorf("the value of oauth is not written as {…}")
		return
	}
	start := to + open
	end := closingBracket(e.data, start)
	e.replace(from, to, quote+"auth"+quote)
	e.replace(start, start, `{"providers": `)
	e.replace(end, end, "}")
}

// closingBracket is the offset after the bracket that closes the one at start;
// brackets in quotes do not count.
func closingBracket(data []byte, start int) int {
	depth, quote := 0, byte(0)
	for i := start; i < len(data); i++ {
		switch c := data[i]; {
		case quote != 0:
			if c == '\\' && quote == '"' {
				i++
			} else if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(data)
}
