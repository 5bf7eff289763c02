package quota

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// unifiedPrefix begins the headers about a Claude subscription, in canonical form.
const unifiedPrefix = "Anthropic-Ratelimit-Unified-"

// claims are the words of representative-claim and the windows that they mean.
var claims = [...]struct{ claim, window string }{
	{"five_hour", "5h"},
	{"seven_day", "7d"},
	{"seven_day_overage_included", "7d_oi"},
}

// appendClaude appends the windows of a Claude subscription, and the decision over all of
// them. Which windows there are stands in the names of the headers: 5h, which may be
// missing, 7d, 7d_oi and overage were seen.
func appendClaude(all []Window, h http.Header, now time.Time) []Window {
	first, claim := len(all), ""
	for name, values := range h {
		rest, ok := strings.CutPrefix(name, unifiedPrefix)
		if !ok || len(values) == 0 {
			continue
		}
		window, field, _ := strings.Cut(rest, "-")
		switch {
		case rest == "Representative-Claim":
			claim = values[0]
		case rest == "Status" || rest == "Reset":
			all = setField(all, first, Unified, rest, values[0], now)
		case field == "Status" || field == "Reset" || field == "Utilization":
			if window = parseWord(strings.ToLower(window)); window != "" && window != Unified {
				all = setField(all, first, window, field, values[0], now)
			}
		}
	}
	for i, w := range all[first:] {
		all[first+i].Decides = isClaimed(claim, w.Name)
	}
	isEmpty := func(w Window) bool { return w.UsedShare == nil && w.ResetsAt == nil && w.Status == "" }
	return slices.DeleteFunc(all, isEmpty)
}

// setField sets one field of the window of that name, which is among those from first on or
// is appended.
func setField(all []Window, first int, name, field, value string, now time.Time) []Window {
	i := first + slices.IndexFunc(all[first:], func(w Window) bool { return w.Name == name })
	if i < first {
		if i = len(all); i-first >= maxWindows {
			return all
		}
		all = append(all, Window{Provider: Claude, Name: name, LengthS: int64(parseLength(name) / time.Second)})
	}
	switch w := &all[i]; field {
	case "Status":
		w.Status = parseWord(value)
	case "Utilization":
		w.UsedShare = parseShare(value, 1)
	default:
		w.ResetsAt = parseUnix(value, now)
	}
	return all
}

// isClaimed reports whether the word of representative-claim means the window.
func isClaimed(claim, window string) bool {
	for _, c := range claims {
		if c.claim == claim {
			return c.window == window
		}
	}
	return false
}

// parseLength returns the length that a window's name begins with: 5h, 7d, 7d_oi; 0 when it
// begins with none.
func parseLength(name string) time.Duration {
	name, _, _ = strings.Cut(name, "_")
	var unit time.Duration
	switch {
	case len(name) < 2:
		return 0
	case name[len(name)-1] == 'h':
		unit = time.Hour
	case name[len(name)-1] == 'd':
		unit = 24 * time.Hour
	}
	n, err := strconv.ParseUint(name[:len(name)-1], 10, 16)
	if err != nil || time.Duration(n)*unit > maxLength {
		return 0
	}
	return time.Duration(n) * unit
}
