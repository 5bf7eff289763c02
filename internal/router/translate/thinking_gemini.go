package translate

import (
	"bytes"
	"encoding/base64"
	"strconv"
)

// Google's clients do not send back what the model thought, but they send back the signature
// of the part after it. So that signature carries an upstream's thinking: Mark without its
// colon, then the kind, the signature and the text of each block. Google's SDKs decode
// signatures as base64; the mark has nine bytes, which are always the same twelve
// characters in base64.
const (
	geminiMark   = "~flowgate"
	packedMark   = "fmZsb3dnYXRl" // geminiMark in base64
	packedText   = 't'            // kind of thinking that can be read
	packedHidden = 'r'            // kind of encrypted thinking
)

// packThinking returns the signature that carries blocks of thinking; nil when the upstream
// needs none of them back.
func (c *Call) packThinking(blocks []*block) []byte {
	var plain []byte
	for _, b := range blocks {
		text := plainText(b.text)
		switch {
		case b.kind == redactedPart:
			plain = appendPacked(append(plain, packedHidden), plainText(b.signature), nil)
			continue
		case len(b.signature) == 0:
			continue
		case bytes.HasPrefix(b.signature, []byte(detailSignature)): // the details have the text
			text = nil
		case isChatSignature(b.signature) && !c.opts.ReasoningBack:
			if text = nil; string(b.signature) == chatSignature {
				continue
			}
		}
		plain = appendPacked(append(plain, packedText), plainText(b.signature), text)
	}
	if plain == nil {
		return nil
	}
	return base64.StdEncoding.AppendEncode(nil, append([]byte(geminiMark), plain...))
}

// appendPacked appends a signature and a text, each with its length before it.
func appendPacked(dst, signature, text []byte) []byte {
	for _, value := range [][]byte{signature, text} {
		dst = append(strconv.AppendInt(dst, int64(len(value)), 10), ':')
		dst = append(dst, value...)
	}
	return dst
}

// addThinking adds the thinking that a signature carries. Google's own signatures mean
// nothing to another upstream.
func (g *geminiReader) addThinking(signature []byte) {
	if len(signature) == 0 {
		return
	}
	if !bytes.HasPrefix(signature, []byte(packedMark)) {
		g.drop(partsPath, "thoughtSignature")
		return
	}
	plain, err := base64.StdEncoding.DecodeString(string(signature))
	for rest := plain[min(len(plain), len(geminiMark)):]; err == nil && len(rest) > 0; {
		p := part{kind: thinkingPart}
		if rest[0] == packedHidden {
			p.kind = redactedPart
		}
		var hasSignature, hasText bool
		p.id, rest, hasSignature = cutPacked(rest[1:])
		p.text, rest, hasText = cutPacked(rest)
		if !hasSignature || !hasText {
			return
		}
		g.parts = append(g.parts, p)
		g.isRestored = true
	}
}

// cutPacked returns the value at the beginning, as a text, and what follows it. Since the
// client may have changed it, bytes that are not UTF-8 are replaced. It returns false when
// there is no whole value.
func cutPacked(packed []byte) (text, rest []byte, ok bool) {
	size, rest, _ := bytes.Cut(packed, []byte{':'})
	n := wholeNumber(size)
	if n < 0 || n > len(rest) {
		return nil, nil, false
	}
	return escapeString(string(rest[:n])), rest[n:], true
}
