package gitleaks_test

import (
	"math/rand/v2"
	"regexp/syntax"
	"strings"
	"unicode"
)

// generate returns a text that matches expr. Open repetitions are repeated up to
// 30 times more than they must be.
func generate(r *rand.Rand, expr string) (string, error) {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	write(r, &b, re)
	return b.String(), nil
}

func write(r *rand.Rand, b *strings.Builder, re *syntax.Regexp) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, c := range re.Rune {
			if re.Flags&syntax.FoldCase != 0 && r.IntN(2) == 0 {
				c = unicode.ToUpper(c)
			}
			b.WriteRune(c)
		}
	case syntax.OpCharClass:
		b.WriteRune(pick(r, re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteRune(' ' + r.Int32N('~'-' '+1))
	case syntax.OpCapture, syntax.OpConcat:
		for _, sub := range re.Sub {
			write(r, b, sub)
		}
	case syntax.OpAlternate:
		write(r, b, re.Sub[r.IntN(len(re.Sub))])
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		low, high := bounds(re)
		for range low + r.IntN(high-low+1) {
			write(r, b, re.Sub[0])
		}
	}
}

// bounds returns how often a repetition is written.
func bounds(re *syntax.Regexp) (low, high int) {
	switch re.Op {
	case syntax.OpStar:
		return 0, 30
	case syntax.OpPlus:
		return 1, 31
	case syntax.OpQuest:
		return 0, 1
	}
	if re.Max < 0 {
		return re.Min, re.Min + 30
	}
	return re.Min, re.Max
}

// pick returns a character of a class, a printable one where the class has some.
func pick(r *rand.Rand, class []rune) rune {
	var printable []rune
	for i := 0; i < len(class); i += 2 {
		for c := max(class[i], ' '); c <= min(class[i+1], '~'); c++ {
			printable = append(printable, c)
		}
	}
	if len(printable) > 0 {
		return printable[r.IntN(len(printable))]
	}
	return class[0]
}
