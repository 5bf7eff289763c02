package deployment

import (
	"bytes"
	"cmp"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/flowgate-go/flowgate/internal/router/splice"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// minRedactedKey is the length, in bytes, of the shortest key that is removed from texts:
// a text may contain a shorter word by chance.
const minRedactedKey = 6

// keyMark replaces a key.
const keyMark = "[key]"

// prepareRedaction prepares Redact and RedactReply. Errors lose the key in every encoded
// form; good replies lose it only if it is so random that no reply contains it by chance.
func (d *Deployment) prepareRedaction() {
	if len(d.Key) < minRedactedKey {
		return
	}
	var pairs []string
	forms := redact.EncodedForms(d.Key)
	slices.SortFunc(forms, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for _, form := range forms {
		pairs = append(pairs, form, keyMark)
	}
	d.redactor = strings.NewReplacer(pairs...)
	if redact.LooksRandom(d.Key) {
		d.randomKey = []byte(d.Key)
	}
}

// Redact returns a text of an upstream without the deployment's key, even when invisible
// characters stand between the characters of the key.
func (d *Deployment) Redact(text string) string {
	if d.redactor == nil {
		return text
	}
	shown := d.redactor.Replace(text)
	if visible := removeInvisible(shown); visible != shown {
		if again := d.redactor.Replace(visible); again != visible {
			return again
		}
	}
	return shown
}

// removeInvisible returns a text without invisible characters, such as a zero-width
// space, and without their JSON escapes.
func removeInvisible(text string) string {
	if strings.Contains(text, `\u`) {
		text = removeInvisibleEscapes(text)
	}
	return strings.Map(func(r rune) rune {
		if isInvisible(r) {
			return -1
		}
		return r
	}, text)
}

// isInvisible reports whether a character is not displayed.
func isInvisible(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Variation_Selector) || r == '\u034f' || r == '\u115f' || r == '\u3164'
}

// removeInvisibleEscapes returns a text without the JSON escapes of invisible characters.
func removeInvisibleEscapes(text string) string {
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

// RedactReply returns a good reply without the deployment's key. It changes nothing when
// a reply may contain the key's text by chance.
func (d *Deployment) RedactReply(reply []byte) []byte {
	if d.randomKey == nil || !bytes.Contains(reply, d.randomKey) {
		return reply
	}
	return bytes.ReplaceAll(reply, d.randomKey, []byte(keyMark))
}

// RedactHeaders removes the deployment's key from headers that an upstream wrote. d may be nil.
func (d *Deployment) RedactHeaders(h http.Header) {
	if d == nil || d.redactor == nil {
		return
	}
	for name, values := range h {
		for i, value := range values {
			if len(value) < len(d.Key) {
				continue
			}
			if shown := d.Redact(value); shown != value {
				values = slices.Clone(values)
				values[i] = shown
				h[name] = values
			}
		}
	}
}

// EventRedaction is the state of RedactEvents between the pieces of one stream.
type EventRedaction struct {
	inError bool // the event that has begun may be an error
}

// RedactEvents returns a piece of a stream without the deployment's key: as Redact does
// for error events and comments, even when an event comes line by line, and as RedactReply
// does for other events. It may overwrite piece. stream is the stream after the piece. d
// may be nil.
func (d *Deployment) RedactEvents(piece []byte, stream *splice.Stream, state *EventRedaction) []byte {
	if d == nil || d.redactor == nil {
		return piece
	}
	state.inError = state.inError || stream.Failed ||
		bytes.Contains(piece, errorMember) || bytes.Contains(piece, errorEventLine)
	if state.inError || hasComment(piece) {
		piece = append(piece[:0], d.Redact(string(piece))...)
	} else {
		piece = d.RedactReply(piece)
	}
	state.inError = state.inError && stream.InEvent()
	return piece
}

// errorMember and errorEventLine stand in error events.
var (
	errorMember    = []byte(`"error"`)
	errorEventLine = []byte("event: error")
)

// hasComment reports whether a piece of a stream has a comment.
func hasComment(piece []byte) bool {
	return bytes.HasPrefix(piece, []byte{':'}) || bytes.Contains(piece, []byte("\n:"))
}
