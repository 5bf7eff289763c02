package translate

// geminiStream writes a reply as the events of models/M:streamGenerateContent. A call
// is one part there: it is written when its arguments are complete.
type geminiStream struct {
	geminiParts
	tail []byte // the end of every event
}

// What stands before and after the part of an event.
const (
	geminiOpening = `data: {"candidates":[{"content":{"parts":[`
	geminiClosing = `],"role":"model"},"index":0}]`
)

// start writes nothing: a stream in Google's dialect has no event before its first part.
func (w *geminiStream) start(dst []byte, r *reply) []byte {
	w.tail = append(w.appendGeminiTail(nil, r), "}\n\n"...)
	return dst
}

func (w *geminiStream) open(dst []byte, _ *block) []byte { return dst }

func (w *geminiStream) delta(dst []byte, b *block, piece []byte) []byte {
	switch b.kind {
	case callPart:
		return dst
	case thinkingPart:
		if !w.thoughts {
			return dst
		}
		dst = appendThought(append(dst, geminiOpening...), piece)
	default:
		dst = w.appendTextPart(append(dst, geminiOpening...), piece)
	}
	return append(append(dst, geminiClosing...), w.tail...)
}

func (w *geminiStream) close(dst []byte, b *block) []byte {
	switch b.kind {
	case thinkingPart, redactedPart:
		w.thinking = append(w.thinking, b)
	case callPart:
		dst = w.appendCall(append(dst, geminiOpening...), b)
		dst = append(append(dst, geminiClosing...), w.tail...)
	}
	return dst
}

func (w *geminiStream) finish(dst []byte, r *reply) []byte {
	dst = w.appendTextPart(append(dst, geminiOpening...), nil)
	dst = append(append(dst, `],"role":"model"},"finishReason":"`...), geminiFinish(r)...)
	dst = appendGeminiUsage(append(dst, `","index":0}],"usageMetadata":`...), &r.usage)
	return append(dst, w.tail...)
}

// fail writes the bare error, as Google does within a stream: its SDKs recognize an error
// only without "data:" before it.
func (w *geminiStream) fail(dst []byte, f *failure) []byte {
	return append(appendGeminiFailure(dst, f), '\n', '\n')
}
