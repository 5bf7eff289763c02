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

// minRedactedKey is the length, in bytes, of the shortest key that is taken out of
// texts: shorter words stand there by chance.
const minRedactedKey = 6

// keyMark replaces a key.
const keyMark = "[key]"

// prepareRedaction prepares Redact and RedactReply. The key is taken out of errors in
// every form in which a text may contain it, and out of good replies when it is not a
// word that a reply may contain by chance.
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

// Redact returns a text of an upstream without the deployment's key, also when
// invisible characters stand between those of the key.
func (d *Deployment) Redact(text string) string {
	if d.redactor == nil {
		return text
	}
	shown := d.redactor.Replace(text)
	if visible := withoutInvisible(shown); visible != shown {
		if again := d.redactor.Replace(visible); again != visible {
			return again
		}
	}
	return shown
}

// withoutInvisible returns a text without invisible characters, such as a zero-width
// space, and without their JSON escapes.
func withoutInvisible(text string) string {
	if strings.Contains(text, `\u`) {
		text = withoutInvisibleEscapes(text)
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

// withoutInvisibleEscapes returns a text without the JSON escapes of invisible characters.
func withoutInvisibleEscapes(text string) string {
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

// RedactReply returns a good reply without the deployment's key.
func (d *Deployment) RedactReply(reply []byte) []byte {
	if d.randomKey == nil || !bytes.Contains(reply, d.randomKey) {
		return reply
	}
	return bytes.ReplaceAll(reply, d.randomKey, []byte(keyMark))
}

// RedactHeaders takes the deployment's key out of headers that an upstream wrote. d may be nil.
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

// EventRedaction is what RedactEvents must remember between the pieces of one stream.
type EventRedaction struct {
	inError bool // the event that has begun may be an error
}

// RedactEvents takes the deployment's key out of a piece of a stream, in place: in
// every form out of error events and comments, also when an event comes line by line,
// and as it is out of other events. stream is the stream after the piece.
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
