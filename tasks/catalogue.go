package tasks

import (
	"bufio"
	"bytes"
	"embed"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// sources is this package's own text: its functions are the targets, so their
// names, parameters and comments are read from it and written down nowhere else.
//
//go:embed *.go
var sources embed.FS

// target is a function that can be typed.
type target struct {
	name     string // "profile:set"; that of a Default method is the namespace's
	method   string // what mage calls it, "profile:set" or "test:default"
	synopsis string // first line of its comment, without the function's name
	params   []param

	flatName, flatMethod string // for comparison; see flat
}

type param struct {
	name     string // lower case, as mage matches it
	flag     string // as people type it: writeBaseline is write-baseline, range_ is range
	kind     string // string, bool, int or time.Duration
	optional bool   // -name=value; else by position
}

// operands are optional parameters that may also be given by position.
var operands = []string{"service", "target", "provider", "drill"}

// catalogue lists all targets in alphabetical order.
var catalogue = sync.OnceValue(func() []target {
	all := make([]target, 0, 128)
	names, _ := fs.Glob(sources, "*.go")
	text := bufio.NewReader(nil)
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		if file, err := sources.Open(name); err == nil {
			text.Reset(file)
			all = appendTargets(all, text)
		}
	}
	slices.SortFunc(all, func(a, b target) int { return strings.Compare(a.name, b.name) })
	return all
})

// appendTargets finds the exported functions that mage makes targets of: those
// whose first parameter is a context. Signatures stand on one line. It reads
// piece by piece: to copy the sources would take a tenth of a command's time.
func appendTargets(found []target, text *bufio.Reader) []target {
	comment := ""
	for {
		line, err := text.ReadSlice('\n')
		switch {
		case err != nil && !errors.Is(err, bufio.ErrBufferFull): // the end
			return found
		case bytes.HasPrefix(line, []byte("// ")):
			if comment == "" {
				comment = string(bytes.TrimSpace(line[3:]))
			}
		case bytes.HasPrefix(line, []byte("func ")):
			if t, ok := parseSignature(string(line[len("func "):])); ok {
				_, t.synopsis, _ = strings.Cut(comment, " ")
				found = append(found, t)
			}
			comment = ""
		default:
			comment = ""
		}
	}
}

func parseSignature(line string) (target, bool) {
	space := ""
	if receiver, rest, ok := strings.Cut(strings.TrimPrefix(line, "("), ") "); ok && line[0] == '(' {
		space, line = receiver+":", rest
	}
	name, rest, _ := strings.Cut(line, "(")
	list, _, ok := strings.Cut(rest, ") error {")
	if !ok || name == "" || name[0] < 'A' || name[0] > 'Z' || !strings.HasPrefix(list, "ctx context.Context") || strings.Contains(space, " ") {
		return target{}, false
	}
	t := target{method: strings.ToLower(space + name)}
	t.name = strings.TrimSuffix(strings.ToLower(space)+words(name), ":default")
	t.flatName, t.flatMethod = flat(t.name), flat(t.method)
	t.params = parseParams(strings.TrimPrefix(list, "ctx context.Context"))
	return t, true
}

// words is a name in camel case as people type it: SecurityCheck is security-check.
func words(name string) string {
	var b strings.Builder
	for i, c := range name {
		if i > 0 && unicode.IsUpper(c) {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

// parseParams reads ", profile, runtime *string, keep *bool".
func parseParams(list string) []param {
	var params []param
	untyped := 0
	for _, part := range strings.Split(strings.TrimPrefix(list, ", "), ", ") {
		name, kind, typed := strings.Cut(part, " ")
		if name == "" {
			continue
		}
		params = append(params, param{name: strings.ToLower(name), flag: strings.ReplaceAll(words(name), "_", "")})
		untyped++
		if typed {
			for i := len(params) - untyped; i < len(params); i++ {
				params[i].kind, params[i].optional = strings.TrimPrefix(kind, "*"), kind[0] == '*'
			}
			untyped = 0
		}
	}
	return params
}

// usage is how the target is typed, "profile:set NAME [-timeout=DURATION]".
func (t target) usage() string {
	words := []string{t.name}
	for _, p := range t.params {
		switch {
		case !p.optional:
			words = append(words, strings.ToUpper(p.name))
		case slices.Contains(operands, p.name):
			words = append(words, "["+strings.ToUpper(p.name)+"]")
		case p.kind == "bool":
			words = append(words, "[-"+p.flag+"]")
		default:
			words = append(words, "[-"+p.flag+"="+strings.ToUpper(strings.TrimPrefix(p.kind, "time."))+"]")
		}
	}
	return strings.Join(words, " ")
}

// operand is the index of the parameter that may be given by position, -1 when
// there is none.
func (t target) operand() int {
	return slices.IndexFunc(t.params, func(p param) bool { return p.optional && slices.Contains(operands, p.name) })
}

// flag returns the optional parameter with that name; dashes in it do not count.
func (t target) flag(name string) (param, bool) {
	name = flat(name)
	i := slices.IndexFunc(t.params, func(p param) bool { return p.optional && flat(p.flag) == name })
	if i < 0 {
		return param{}, false
	}
	return t.params[i], true
}
