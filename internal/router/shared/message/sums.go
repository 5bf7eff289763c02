package message

import (
	"strconv"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/tally"
)

// MaxLeft is how long sums may be kept that have no end of their own.
const MaxLeft = 400 * 24 * time.Hour

// DecodeSums reads the fields of sums.
func DecodeSums(fields []any, left time.Duration) (t tally.Total, ok bool) {
	if len(fields) != 3 || left < 0 {
		return t, false
	}
	words := make([]string, 0, len(fields)+1)
	for _, f := range fields {
		text, isText := f.(string)
		if !isText {
			return t, false
		}
		words = append(words, text)
	}
	return decodeTotal([]string{words[0], strconv.FormatInt(left.Milliseconds(), 10), words[1], words[2]})
}

// decodeTotal reads WINDOW MILLISECONDS SUM SUM, and passes over what follows.
func decodeTotal(words []string) (t tally.Total, ok bool) {
	if len(words) < 4 {
		return t, false
	}
	window, err := strconv.ParseInt(words[0], 10, 64)
	left, errLeft := strconv.ParseInt(words[1], 10, 64)
	if err != nil || errLeft != nil || window < 1 || left < 0 || left > MaxLeft.Milliseconds() {
		return t, false
	}
	t.Window, t.Left = window, time.Duration(left)*time.Millisecond
	for i := range t.Sums {
		n, err := strconv.ParseFloat(words[2+i], 64)
		if err != nil || !(n >= 0 && n <= maxSum) {
			return t, false
		}
		t.Sums[i] = n
	}
	return t, true
}

// maxSum bounds sums: more is a mistake of whoever wrote it.
const maxSum = 1e15
