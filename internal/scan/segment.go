package scan

// overlaps reports whether two extents meet, ends included.
func (e extent) overlaps(o extent) bool { return o.start <= e.end && o.end >= e.start }

func (e extent) contains(o extent) bool { return e.start <= o.start && o.end <= e.end }

func (e extent) merge(o extent) extent { return extent{min(e.start, o.start), max(e.end, o.end)} }

// overlapping are the segments that a match in the decoded text touches.
func overlapping(all []segment, m extent) (touched []segment) {
	for _, s := range all {
		if s.decoded.overlaps(m) {
			touched = append(touched, s)
		}
	}
	return touched
}

// toOriginal is the place in the fragment of a place in a text that was decoded
// into segments.
func toOriginal(all []segment, at extent) extent {
	if len(all) == 0 {
		return at
	}
	before := extent{}
	for _, s := range all {
		if !s.decoded.overlaps(at) {
			continue
		}
		if s.decoded.contains(at) {
			return s.original
		}
		whole := s.decoded.merge(at)
		moved := extent{s.encoded.start + whole.start - s.decoded.start, s.encoded.end + whole.end - s.decoded.end}
		if before.end == 0 {
			before = moved
		} else {
			before = before.merge(moved)
		}
	}
	if before.end == 0 {
		return at
	}
	return toOriginal(all[0].before, before)
}

// lineOf is the line of the decoded text that the segments are in.
func lineOf(all []segment, text string) string {
	span := all[0].decoded
	for _, s := range all[1:] {
		span = span.merge(s.decoded)
	}
	start := span.start
	for start > 0 && text[start] != '\n' {
		start--
	}
	end := span.end
	for end < len(text) && text[end] != '\n' {
		end++
	}
	return text[start:end]
}
