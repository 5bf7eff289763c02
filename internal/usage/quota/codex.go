package quota

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// codexPrefix begins the headers about a ChatGPT subscription, in canonical form.
const codexPrefix = "X-Codex-"

// appendCodex appends the windows of a ChatGPT subscription. Each is in one of two slots,
// primary and secondary, which do not say which window it is: the weekly one was seen in
// both. Its length in minutes says it. Some models have windows of their own, in slots with
// a name before them (x-codex-NAME-primary-used-percent).
func appendCodex(all []Window, h http.Header, now time.Time) []Window {
	for name := range h {
		slot, ok := strings.CutSuffix(name, "-Used-Percent")
		if !ok || !strings.HasPrefix(slot, codexPrefix) {
			continue
		}
		family, position := slot[:strings.LastIndexByte(slot, '-')], slot[strings.LastIndexByte(slot, '-')+1:]
		if position != "Primary" && position != "Secondary" {
			continue
		}
		w, ok := readSlot(h, slot, strings.ToLower(position), now)
		if !ok {
			continue
		}
		if family += "-"; family != codexPrefix {
			limit := parseWord(h.Get(family + "Limit-Name"))
			if limit == "" {
				limit = parseWord(strings.ToLower(family[len(codexPrefix) : len(family)-1]))
			}
			w.Name = limit + " " + w.Name
		}
		all = append(all, w)
	}
	return all
}

// readSlot returns the window in a slot; false when the slot is empty: replies of
// subscriptions with one window have 0 in all fields of the other.
func readSlot(h http.Header, slot, position string, now time.Time) (w Window, ok bool) {
	w = Window{Provider: Codex, UsedShare: parseShare(h.Get(slot+"-Used-Percent"), 100),
		ResetsAt: parseUnix(h.Get(slot+"-Reset-At"), now)}
	after, hasAfter := parseNumber(h.Get(slot + "-Reset-After-Seconds"))
	if w.ResetsAt == nil && hasAfter && after > 0 && after <= maxReset.Seconds() {
		w.ResetsAt = checkReset(now.Add(time.Duration(after*float64(time.Second))), now)
	}
	minutes, hasMinutes := parseNumber(h.Get(slot + "-Window-Minutes"))
	if hasMinutes && minutes <= maxLength.Minutes() {
		w.LengthS = int64(minutes) * 60
	}
	w.Name = formatLength(w.Length())
	if w.LengthS == 0 {
		w.Name = position
	}
	isUsed := w.UsedShare != nil && *w.UsedShare > 0
	return w, w.UsedShare != nil && (w.LengthS > 0 || isUsed || w.ResetsAt != nil)
}

// formatLength returns a length as the name of a window: 5h, 7d, 90m.
func formatLength(length time.Duration) string {
	switch {
	case length%(24*time.Hour) == 0:
		return strconv.Itoa(int(length/(24*time.Hour))) + "d"
	case length%time.Hour == 0:
		return strconv.Itoa(int(length/time.Hour)) + "h"
	}
	return strconv.Itoa(int(length/time.Minute)) + "m"
}
