package decode

import "sort"

// overlaps reports whether two extents overlap or touch.
func (e Extent) overlaps(o Extent) bool { return o.Start <= e.End && o.End >= e.Start }

// contains reports whether o lies within e.
func (e Extent) contains(o Extent) bool { return e.Start <= o.Start && o.End <= e.End }

// merge returns the smallest extent that contains both.
func (e Extent) merge(o Extent) Extent { return Extent{min(e.Start, o.Start), max(e.End, o.End)} }

// segmentsTouching returns the segments that a match in the decoded text touches. They
// are neighbours in all.
func segmentsTouching(all []segment, m Extent) []segment {
	from := sort.Search(len(all), func(i int) bool { return all[i].decoded.End >= m.Start })
	to := from
	for to < len(all) && all[to].decoded.Start <= m.End {
		to++
	}
	return all[from:to]
}

// originalExtent returns the place in the fragment of a place in the text that was
// decoded into segments.
func originalExtent(all []segment, at Extent) Extent {
	if len(all) == 0 {
		return at
	}
	before := Extent{}
	for _, s := range segmentsTouching(all, at) {
		if s.decoded.contains(at) {
			return s.original
		}
		whole := s.decoded.merge(at)
		moved := Extent{s.encoded.Start + whole.Start - s.decoded.Start, s.encoded.End + whole.End - s.decoded.End}
		if before.End == 0 {
			before = moved
		} else {
			before = before.merge(moved)
		}
	}
	if before.End == 0 {
		return at
	}
	return originalExtent(all[0].before, before)
}
