package translate

// cachePoint says that an upstream shall keep a request up to here for requests that begin
// alike, and for how long.
type cachePoint uint8

const (
	noCachePoint    cachePoint = iota
	usualCachePoint            // 5 minutes
	hourCachePoint
)

// readCacheControl reads a cache_control, which Anthropic has at the end of what is kept. It
// drops one that the upstream cannot have. path is that of the block with it.
func (r *request) readCacheControl(s *scan, path string) cachePoint {
	value := s.raw()
	if isNull(value) {
		return noCachePoint
	}
	if r.to != Converse || !r.opts.CachePoints {
		r.drop(path, "cache_control")
		return noCachePoint
	}
	point := usualCachePoint
	inner := &scan{doc: value}
	inner.object(func(key []byte) {
		if value := inner.raw(); string(key) == "ttl" && string(value) == `"1h"` {
			point = hourCachePoint
		}
	})
	if point == hourCachePoint && !r.opts.CacheHour {
		r.drop(path+"cache_control.", "ttl")
		point = usualCachePoint
	}
	return point
}

// addCachedBlock appends the part that a block makes to into, with its cache point. One of a
// block that makes no part, such as an empty text, is dropped.
func (r *request) addCachedBlock(b *contentBlock, path string, into *[]part) {
	before := len(*into)
	r.addBlock(b, path, into)
	switch n := len(*into); {
	case b.cache == noCachePoint:
	case n == before:
		r.drop(path, "cache_control")
	default:
		(*into)[n-1].cache = b.cache
	}
}

// appendCachePoint appends the element of a list that says what Bedrock shall keep: what
// stands before it.
func appendCachePoint(dst []byte, point cachePoint) []byte {
	switch point {
	case usualCachePoint:
		return append(appendComma(dst), `{"cachePoint":{"type":"default"}}`...)
	case hourCachePoint:
		return append(appendComma(dst), `{"cachePoint":{"type":"default","ttl":"1h"}}`...)
	}
	return dst
}

// appendCachedBlock appends a block of a message or of the system prompt, and its cache point.
func (r *request) appendCachedBlock(dst []byte, p *part) []byte {
	before := len(dst)
	dst = r.appendConverseBlock(dst, p)
	if len(dst) == before && p.cache != noCachePoint { // thinking that is left out
		r.drop("messages.content.", "cache_control")
		return dst
	}
	return appendCachePoint(dst, p.cache)
}
