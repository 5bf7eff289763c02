package translate

import "strconv"

// chatStream writes a reply as the chunks of /v1/chat/completions.
type chatStream struct {
	*Call
	head  []byte // the beginning of every chunk's data
	calls int    // how many calls were opened
}

// beginChunk appends the beginning of a chunk, up to the members of its delta.
func (w *chatStream) beginChunk(dst []byte) []byte {
	dst = append(append(dst, "data: "...), w.head...)
	return append(dst, `,"choices":[{"index":0,"delta":{`...)
}

// chunkEnd is the end of a chunk that beginChunk began.
const chunkEnd = "},\"logprobs\":null,\"finish_reason\":null}]}\n\n"

func (w *chatStream) start(dst []byte, r *reply) []byte {
	w.head = w.appendChatHead(nil, r, "chat.completion.chunk")
	return append(append(w.beginChunk(dst), `"role":"assistant","content":""`...), chunkEnd...)
}

func (w *chatStream) open(dst []byte, b *block) []byte {
	if b.kind != callPart {
		return dst
	}
	dst = append(w.beginChunk(dst), `"tool_calls":[{"index":`...)
	dst = strconv.AppendInt(dst, int64(w.calls), 10)
	w.calls++
	return append(append(appendChatCallHead(dst, b), `"}}]`...), chunkEnd...)
}

func (w *chatStream) delta(dst []byte, b *block, piece []byte) []byte {
	dst = w.beginChunk(dst)
	switch b.kind {
	case thinkingPart:
		dst = appendTextMember(dst, "reasoning_content", piece)
	case refusalPart:
		dst = appendTextMember(dst, "refusal", piece)
	case callPart:
		dst = append(dst, `"tool_calls":[{"index":`...)
		dst = strconv.AppendInt(dst, int64(w.calls-1), 10)
		if b.tool.custom {
			dst = append(dst, `,"custom":{"input":`...)
		} else {
			dst = append(dst, `,"function":{"arguments":`...)
		}
		dst = append(appendText(dst, piece), "}}]"...)
	default:
		dst = appendTextMember(dst, "content", piece)
	}
	return append(dst, chunkEnd...)
}

func (w *chatStream) close(dst []byte, _ *block) []byte { return dst }

func (w *chatStream) finish(dst []byte, r *reply) []byte {
	dst = append(w.beginChunk(dst), `},"logprobs":null,"finish_reason":`...)
	dst = append(append(dst, finishReason(r)...), "}]}\n\n"...)
	if w.usage {
		dst = append(append(dst, "data: "...), w.head...)
		dst = append(dst, `,"choices":[],"usage":`...)
		dst = append(appendChatUsage(dst, &r.usage), "}\n\n"...)
	}
	return append(dst, "data: [DONE]\n\n"...)
}

func (w *chatStream) fail(dst []byte, f *failure) []byte {
	return append(appendFailure(append(dst, "data: "...), Chat, f), '\n', '\n')
}
