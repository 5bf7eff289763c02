package match_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/flowgate-go/flowgate/internal/secret/match"
)

// expressions are gitleaks' own, one a line of its rule file.
func expressions(tb testing.TB) (all []match.Pattern) {
	tb.Helper()
	b, err := os.ReadFile("../rule/gitleaks.toml")
	if err != nil {
		tb.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^regex = '''(.*)'''$`).FindAllStringSubmatch(string(b), -1) {
		all = append(all, match.Pattern{Expr: m[1]})
	}
	if len(all) < 200 {
		tb.Fatalf("%d expressions", len(all))
	}
	return all
}

// oddPatterns returns shapes that gitleaks' rules do not have.
func oddPatterns() (all []match.Pattern) {
	for _, e := range []string{
		`^key$`, `(?m)^key=\w+$`, `\bkey\b`, `(?i)sky[a-z]*mask`, `k[ſs]+x`, `a|bc|d+`, `x*`, `(ab|cd){2,3}e`,
		`(?s)begin.*?end`,
		`(?:[\w.]*\.)?host:\d+`, `é+key`, `key[^a]{1,3}ü?z`, `\Bkey\B`, `(key)?value+`, `[kK]ey[\s\S]{2}\z`, `(?U)<a.*>`,
	} {
		all = append(all, match.Pattern{Expr: e})
	}
	return append(all, match.Pattern{Expr: `\d{4}`, Keywords: []string{"PIN"}})
}

// check compares Find with its definition, for those patterns that chosen says.
func check(t *testing.T, patterns []match.Pattern, m *match.Matcher, compiled []*regexp.Regexp, text string,
	chosen func(int) bool) int {
	t.Helper()
	want := map[int][][]int{}
	lower := strings.ToLower(text)
	for i, p := range patterns {
		if !chosen(i) {
			continue
		}
		wanted := len(p.Keywords) == 0 || slices.ContainsFunc(p.Keywords,
			func(k string) bool { return strings.Contains(lower, strings.ToLower(k)) })
		if spans := compiled[i].FindAllStringIndex(text, -1); wanted && len(spans) > 0 {
			want[i] = spans
		}
	}
	got := map[int][][]int{}
	for _, h := range m.Find(text, nil) {
		got[h.Pattern] = h.Spans
	}
	for i := range patterns {
		if chosen(i) && !reflect.DeepEqual(got[i], want[i]) {
			t.Fatalf("%s\nin %q\nfound %v, not %v", patterns[i].Expr, text, got[i], want[i])
		}
	}
	return len(want)
}

func compile(t *testing.T, patterns []match.Pattern) (*match.Matcher, []*regexp.Regexp) {
	t.Helper()
	set, err := match.New(patterns)
	if err != nil {
		t.Fatal(err)
	}
	var all []*regexp.Regexp
	for _, p := range patterns {
		all = append(all, regexp.MustCompile(p.Expr))
	}
	return set.Matcher(), all
}

func TestFindIsFindAllStringIndexOfEveryExpression(t *testing.T) {
	t.Parallel()
	patterns := append(expressions(t), oddPatterns()...)
	m, compiled := compile(t, patterns)
	var trees []*syntax.Regexp
	for _, p := range patterns {
		tree, _ := syntax.Parse(p.Expr, syntax.Perl)
		trees = append(trees, tree)
	}
	r := rand.New(rand.NewPCG(1, 2))
	hits := 0
	for range 100 {
		var b strings.Builder
		in := map[int]bool{}
		for range 1 + r.IntN(4) {
			b.WriteString(randomText(r))
			i := r.IntN(len(trees))
			in[i] = true
			sample(&b, trees[i], r)
			b.WriteString(randomText(r))
		}
		hits += check(t, patterns, m, compiled, b.String(), func(i int) bool { return in[i] || i%10 == len(in) })
	}
	if hits < 50 {
		t.Fatalf("the texts matched %d times: too seldom to show anything", hits)
	}
}

func randomText(r *rand.Rand) string {
	return [...]string{"", " ", "\n", "key", " token = \"", "a", "';", "ü", "to\u212aen=\u017fk", "\xff", "- ", "PIN 1234",
		"=", strings.Repeat("x", r.IntN(90))}[r.IntN(14)]
}

// sample writes a text that re matches, or one a little beside it.
func sample(b *strings.Builder, re *syntax.Regexp, r *rand.Rand) {
	if r.IntN(400) == 0 {
		b.WriteString(randomText(r))
	}
	times := func(least, most int) {
		if most < 0 {
			most = least + 20
		}
		for range least + r.IntN(most-least+1) {
			sample(b, re.Sub[0], r)
		}
	}
	switch re.Op {
	case syntax.OpLiteral:
		for _, c := range re.Rune {
			if re.Flags&syntax.FoldCase != 0 && r.IntN(2) == 0 {
				c = []rune(strings.ToUpper(string(c)))[0]
			}
			b.WriteRune(c)
		}
	case syntax.OpCharClass:
		i := 2 * r.IntN(len(re.Rune)/2)
		c := re.Rune[i] + r.Int32N(min(re.Rune[i+1]-re.Rune[i], 300)+1)
		if utf8.ValidRune(c) {
			b.WriteRune(c)
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte("ab \t=:\"x"[r.IntN(8)])
	case syntax.OpAlternate:
		sample(b, re.Sub[r.IntN(len(re.Sub))], r)
	case syntax.OpQuest:
		times(0, 1)
	case syntax.OpStar:
		times(0, -1)
	case syntax.OpPlus:
		times(1, -1)
	case syntax.OpRepeat:
		times(re.Min, re.Max)
	default:
		for _, sub := range re.Sub {
			sample(b, sub, r)
		}
	}
}

func TestAnExpressionThatDoesNotParseIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := match.New([]match.Pattern{{Expr: "a"}, {Expr: "("}}); err == nil ||
		!strings.Contains(err.Error(), "expression 2") {
		t.Fatal(err)
	}
}

// TestWorkGrowsNoFasterThanATextFullOfLiterals gives the patterns texts in which every
// byte begins a match that fails, or one that succeeds, and counts the bytes that are
// read: a text that is 20 times as long costs 20 times as many, not 400 times.
func TestWorkGrowsNoFasterThanATextFullOfLiterals(t *testing.T) {
	t.Parallel()
	patterns := append(expressions(t), oddPatterns()...)
	m, compiled := compile(t, patterns)
	for _, unit := range []string{"key=", "curl -H "} {
		small := strings.Repeat(unit, 800/len(unit))
		check(t, patterns, m, compiled, small, func(i int) bool { return i%8 == 0 })
		work := func(length int) int {
			before := m.Work()
			m.Find(strings.Repeat(unit, length/len(unit)), nil)
			return m.Work() - before
		}
		short, long := work(8_000), work(160_000)
		if short < 8_000 || long > 24*short {
			t.Errorf("%q: 20 times the text costs %d bytes read instead of %d", unit, long, short)
		}
	}
}

func FuzzFindIsFindAllStringIndex(f *testing.F) {
	f.Add(`(?i)[\w.-]{0,9}?(?:key|token)[\s'"]{0,3}(?:=|:)[\s'"]{0,2}([\w.=-]{4,15}|[a-z0-9][a-z0-9+/]{5,}={0,3})(?:["\s;]|\\n|$)`, "my.Key = 'abcd1234';\ntoken:x")
	f.Add(`\bab(?:c*|d)\b`, "abccc abd ab\xffab")
	f.Add(`(?:^|\s)\dQ~[a-z]+$`, "3Q~abc")
	f.Fuzz(func(t *testing.T, expr, text string) {
		re, err := regexp.Compile(expr)
		if err != nil || len(expr) > 200 || len(text) > 2000 {
			return
		}
		patterns := []match.Pattern{{Expr: expr}}
		m, _ := compile(t, patterns)
		check(t, patterns, m, []*regexp.Regexp{re}, text, matchEverything)
		check(t, patterns, m, []*regexp.Regexp{re}, text+"\n"+text, matchEverything)
	})
}

func matchEverything(int) bool { return true }

func ExampleMatcher_Find() {
	set, err := match.New([]match.Pattern{{Expr: `key-\d+`, Keywords: []string{"key"}}, {Expr: `\btoken=(\w+)`}})
	if err != nil {
		panic(err)
	}
	fmt.Println(set.Matcher().Find("key-12 token=ab key-3", nil))
	// Output: [{0 [[0 6] [16 21]]} {1 [[7 15]]}]
}
