package translate

import (
	"bytes"
	"encoding/base64"
	"strconv"
)

// Google's clients do not send back what the model thought, but they do send the
// signature of the part behind it. So an upstream's thinking travels in there: Mark
// without its colon, then for each block its kind, its signature and its text. Google's
// SDKs decode signatures as base64, in which nine bytes of a mark stay recognizable.
const (
	geminiMark   = "~flowgate"
	packedMark   = "fmZsb3dnYXRl" // geminiMark in base64
	packedText   = 't'
	packedHidden = 'r'
)

// packThinking returns the signature that carries blocks of thinking; nil where the
// upstream needs none of them back.
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
		case bytes.HasPrefix(b.signature, []byte(detailSignature)): // they have the text
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
		var ok1, ok2 bool
		p.id, rest, ok1 = cutPacked(rest[1:])
		p.text, rest, ok2 = cutPacked(rest)
		if !ok1 || !ok2 {
			return
		}
		g.parts = append(g.parts, p)
		g.isRestored = true
	}
}

// cutPacked returns the value at the beginning, as a text, and what follows it. The
// client may have changed it: what is no UTF-8 is replaced.
func cutPacked(packed []byte) (text, rest []byte, ok bool) {
	size, rest, _ := bytes.Cut(packed, []byte{':'})
	n := wholeNumber(size)
	if n < 0 || n > len(rest) {
		return nil, nil, false
	}
	return escapeString(string(rest[:n])), rest[n:], true
}
