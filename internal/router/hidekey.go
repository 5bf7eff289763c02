package router

import (
	"bytes"
	"cmp"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// leastHiddenKey is the length in bytes from which a key is taken out of texts:
// shorter words stand there by chance.
const leastHiddenKey = 6

// keyShown stands where a key was.
const keyShown = "[key]"

// hideKey prepares redact and withoutKey: the key is taken out of errors in
// every form in which a text may write it, and out of good replies when it is
// no word that a reply may hold by chance.
func (d *Deployment) hideKey() {
	if len(d.key) < leastHiddenKey {
		return
	}
	var pairs []string
	forms := redact.EncodedForms(d.key)
	slices.SortFunc(forms, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for _, form := range forms {
		pairs = append(pairs, form, keyShown)
	}
	d.hidden = strings.NewReplacer(pairs...)
	if redact.LooksRandom(d.key) {
		d.unique = []byte(d.key)
	}
}

// redact takes the deployment's key out of a text that an upstream wrote, also
// with characters in it that are not seen.
func (d *Deployment) redact(text string) string {
	if d.hidden == nil {
		return text
	}
	shown := d.hidden.Replace(text)
	if visible := withoutInvisible(shown); visible != shown {
		if again := d.hidden.Replace(visible); again != visible {
			return again
		}
	}
	return shown
}

// withoutInvisible is a text without characters that are not seen, such as a
// zero-width space, as they are and as JSON escapes.
func withoutInvisible(text string) string {
	if strings.Contains(text, `\u`) {
		text = invisibleEscapes(text)
	}
	return strings.Map(func(r rune) rune {
		if isInvisible(r) {
			return -1
		}
		return r
	}, text)
}

func isInvisible(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Variation_Selector) || r == '\u034f' || r == '\u115f' || r == '\u3164'
}

// invisibleEscapes takes JSON escapes of invisible characters out.
func invisibleEscapes(text string) string {
	var out strings.Builder
	for {
		at := strings.Index(text, `\u`)
		if at < 0 || len(text) < at+6 {
			return out.String() + text
		}
		out.WriteString(text[:at])
		var r rune
		for _, c := range []byte(text[at+2 : at+6]) {
			r = r<<4 | rune(bytes.IndexByte([]byte("0123456789abcdef"), c|0x20))
		}
		if r < 0 || !isInvisible(r) {
			out.WriteString(text[at : at+6])
		}
		text = text[at+6:]
	}
}

// withoutKey takes the deployment's key out of a good reply.
func (d *Deployment) withoutKey(reply []byte) []byte {
	if d.unique == nil || !bytes.Contains(reply, d.unique) {
		return reply
	}
	return bytes.ReplaceAll(reply, d.unique, []byte(keyShown))
}

// redactHeaders takes the deployment's key out of headers that an upstream wrote.
func (d *Deployment) redactHeaders(h http.Header) {
	if d == nil || d.hidden == nil {
		return
	}
	for name, values := range h {
		for i, value := range values {
			if len(value) < len(d.key) {
				continue
			}
			if shown := d.redact(value); shown != value {
				values = slices.Clone(values)
				values[i] = shown
				h[name] = values
			}
		}
	}
}

// redactEvents takes the deployment's key out of c.out: in every form out of
// error events and comments, also when an event comes line by line, and as it is
// out of others.
func (c *call) redactEvents(a *answer) {
	d := a.deployment
	if d == nil || d.hidden == nil {
		return
	}
	a.suspect = a.suspect || a.events.Failed || bytes.Contains(c.out, errorMember) || bytes.Contains(c.out, errorEventLine)
	if a.suspect || hasComment(c.out) {
		c.out = append(c.out[:0], d.redact(string(c.out))...)
	} else {
		c.out = d.withoutKey(c.out)
	}
	a.suspect = a.suspect && a.events.InEvent()
}

// errorMember and errorEventLine tell error events.
var (
	errorMember    = []byte(`"error"`)
	errorEventLine = []byte("event: error")
)

func hasComment(events []byte) bool {
	return bytes.HasPrefix(events, []byte{':'}) || bytes.Contains(events, []byte("\n:"))
}
