package scan

import "sort"

// overlaps reports whether two extents overlap or touch.
func (e extent) overlaps(o extent) bool { return o.start <= e.end && o.end >= e.start }

func (e extent) contains(o extent) bool { return e.start <= o.start && o.end <= e.end }

func (e extent) merge(o extent) extent { return extent{min(e.start, o.start), max(e.end, o.end)} }

// segmentsTouching returns the segments that a match in the decoded text touches, which
// follow one another in all.
func segmentsTouching(all []segment, m extent) []segment {
	from := sort.Search(len(all), func(i int) bool { return all[i].decoded.end >= m.start })
	to := from
	for to < len(all) && all[to].decoded.start <= m.end {
		to++
	}
	return all[from:to]
}

// originalExtent returns the place in the fragment of a place in the text that was
// decoded into segments.
func originalExtent(all []segment, at extent) extent {
	if len(all) == 0 {
		return at
	}
	before := extent{}
	for _, s := range segmentsTouching(all, at) {
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
	return originalExtent(all[0].before, before)
}

// decodedText is what a pass searches: the fragment's own text, or one with segments
// decoded.
type decodedText struct {
	text     string
	segments []segment
	last     extent // the line that lineAround returned last
}

// lineAround returns the line of the decoded text that contains the segments.
func (d *decodedText) lineAround(all []segment) string {
	text, span := d.text, all[0].decoded.merge(all[len(all)-1].decoded)
	if d.last.end > d.last.start && d.last.contains(span) {
		return text[d.last.start:d.last.end]
	}
	start := span.start
	for start > 0 && text[start] != '\n' {
		start--
	}
	end := span.end
	for end < len(text) && text[end] != '\n' {
		end++
	}
	d.last = extent{start, end}
	return text[start:end]
}
