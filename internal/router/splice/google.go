package splice

import "bytes"

// areEmptyCandidates reports whether a chunk's candidates have nothing that a client
// could show: no finish reason, and no part except empty texts. Feedback on the prompt,
// an object that takes the place of the candidates, is never empty.
func areEmptyCandidates(candidates []byte) bool {
	isEmpty := true
	err := Elements(candidates, func(from, to int) bool {
		isEmpty = isEmptyCandidate(candidates[from:to])
		return isEmpty
	})
	return err == nil && isEmpty
}

// isEmptyCandidate reports whether a candidate has nothing that a client could show.
func isEmptyCandidate(candidate []byte) bool {
	isEmpty := true
	err := Members(candidate, func(key []byte, from, to int) bool {
		value := candidate[from:to]
		switch string(key) {
		case "finishReason":
			isEmpty = IsEmpty(value)
		case "content":
			isEmpty = isEmptyContent(value)
		}
		return isEmpty
	})
	return err == nil && isEmpty
}

// isEmptyContent reports whether a content has no part except empty texts.
func isEmptyContent(content []byte) bool {
	isEmpty := true
	err := Members(content, func(key []byte, from, to int) bool {
		if string(key) != "parts" {
			return true
		}
		parts := content[from:to]
		err := Elements(parts, func(from, to int) bool {
			isEmpty = string(bytes.TrimSpace(parts[from:to])) == `{"text":""}`
			return isEmpty
		})
		isEmpty = isEmpty && err == nil
		return isEmpty
	})
	return err == nil && isEmpty
}

// isGoogleEnd reports whether a chunk has a finish reason, or says that the prompt was
// blocked. A key within a text is not found, since its quotes are escaped there.
func isGoogleEnd(data []byte) bool {
	return bytes.Contains(data, []byte(`"finishReason"`)) || bytes.Contains(data, []byte(`"blockReason"`))
}

// noteBareLine notes a line outside of events. Google sends errors in such lines within
// a stream.
func (s *Stream) noteBareLine(text []byte) {
	if len(s.bare)+len(text) > MaxLine {
		s.bare = nil
		return
	}
	s.bare = append(append(s.bare, text...), '\n')
	var e event
	if e.read(s.bare) != nil {
		return
	}
	if e.isError() {
		s.noteError(s.bare)
	}
	s.bare = nil
}
