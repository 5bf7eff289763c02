package rewrite

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
)

// setVersion replaces an older config_version by the current one, or adds it before the
// first key.
func (e *editor) setVersion(root *yamlnode.Node) {
	want := fmt.Sprint(config.CurrentVersion)
	if f, ok := root.Field("config_version"); ok {
		if f.Value.Text != want {
			from, to, _ := e.locateWord(f.Value.At, f.Value.Text)
			e.replace(from, to, want)
		}
		return
	}
	if e.flow {
		at, key := e.offset(root.At)+1, `"config_version": `+want+","
		if first := root.Fields[0].At; first.Line > root.At.Line {
			e.replace(at, at, e.newline+strings.Repeat(" ", first.Column-1)+key)
			return
		}
		e.replace(at, at, key+" ")
		return
	}
	at := e.offset(root.Fields[0].At)
	e.replace(at, at, "config_version: "+want+e.newline)
}

// renameInDependsOn renames the upstream in a list of services.
func (e *editor) renameInDependsOn(list *yamlnode.Node) {
	if list == nil {
		return
	}
	for _, item := range list.Items {
		if item.Value == "cliproxyapi" {
			from, to, quote := e.locateWord(item.At, "cliproxyapi")
			e.replace(from, to, quote+config.CLIProxy+quote)
		}
	}
}

// moveOAuth turns the top-level key oauth into auth.providers: it writes two keys for the
// one, and indents the lines of the value by two more spaces.
func (e *editor) moveOAuth(root *yamlnode.Node) {
	f, ok := root.Field("oauth")
	if !ok {
		return
	}
	from, to, quote := e.locateWord(f.At, "oauth")
	if from == to {
		return
	}
	if e.flow {
		e.wrapFlow(from, to, quote)
		return
	}
	indent := strings.Repeat(" ", f.At.Column-1)
	e.replace(from, to, "auth:"+e.newline+indent+"  providers")
	for line := f.At.Line; line < e.endOfEntry(root, f); line++ { // lines below the key's own
		start := e.lines[line]
		if len(bytes.TrimSpace(e.lineAt(line))) > 0 {
			e.replace(start, start, "  ")
		}
	}
}

// endOfEntry returns the index after the last line of a top-level entry's value. Blank lines
// and comments without indentation at its end belong to the next entry.
func (e *editor) endOfEntry(root *yamlnode.Node, f yamlnode.Field) int {
	end := len(e.lines)
	for _, other := range root.Fields {
		if other.At.Line > f.At.Line {
			end = min(end, other.At.Line-1)
		}
	}
	for ; end > f.At.Line; end-- {
		line := e.lineAt(end - 1)
		text := bytes.TrimSpace(line)
		isOutside := len(line) > 0 && line[0] == '#' || bytes.Equal(text, []byte("...")) || len(text) == 0
		if !isOutside {
			break
		}
	}
	return end
}

// lineAt returns the line with an index from 0, without its line feed.
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
	end := findClosingBracket(e.data, start)
	e.replace(from, to, quote+"auth"+quote)
	e.replace(start, start, `{"providers": `)
	e.replace(end, end, "}")
}

// findClosingBracket returns the offset after the bracket that closes the one at start;
// brackets in quotes do not count.
func findClosingBracket(data []byte, start int) int {
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
