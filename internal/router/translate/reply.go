package translate

// reply is what an upstream answered, whatever its dialect. Its values are texts.
type reply struct {
	id       []byte
	model    []byte
	created  []byte // raw, seconds since 1970
	blocks   []*block
	finish   finish
	sequence []byte // the stop sequence that ended the reply
	usage    usage
}

// last returns the block that was added last, nil where there is none.
func (r *reply) last() *block {
	if n := len(r.blocks); n > 0 {
		return r.blocks[n-1]
	}
	return nil
}

// finish is why a reply ended.
type finish uint8

const (
	finishUnsaid finish = iota
	finishStop
	finishSequence
	finishLength
	finishTools
	finishFilter
	finishPause
)

// block is a piece of a reply: a text, thinking, or a tool's call.
type block struct {
	kind      partKind
	text      []byte            // text; thinking; a call's arguments
	signature []byte            // thinkingPart, redactedPart: what the client gets as its opaque field
	details   []reasoningDetail // thinkingPart: OpenRouter's
	id        []byte            // callPart
	name      []byte            // callPart: as the upstream says it
	tool      toolName

	index  int    // place among the blocks that the client gets
	plain  []byte // callPart: what text says
	json   jsonState
	input  customInput // callPart of a custom tool
	opened bool
	closed bool
	done   bool // no more pieces come
	sent   int  // length of text that went out
}

// usage is the tokens of a call. Input includes cached tokens.
type usage struct {
	input, cacheRead, cacheWrite int
	output, reasoning            int
	isKnown                      bool
}

// jsonState follows a JSON object or array as its bytes arrive.
type jsonState struct {
	depth     int
	inString  bool
	isEscaped bool
	isWhole   bool // as many brackets were closed as were opened
}

func (j *jsonState) follow(plain []byte) {
	for _, c := range plain {
		switch {
		case j.isEscaped:
			j.isEscaped = false
		case j.inString && c == '\\':
			j.isEscaped = true
		case c == '"':
			j.inString = !j.inString
		case j.inString:
		case c == '{' || c == '[':
			j.depth++
		case c == '}' || c == ']':
			j.depth--
			j.isWhole = j.isWhole || j.depth == 0
		}
	}
}

// customInput takes the plain text of a custom tool out of the arguments in
// which it arrives, piece by piece.
type customInput struct {
	seen  int    // bytes of the arguments that were looked at
	state uint8  // before, in, or behind the text
	text  []byte // what was found so far, a text
}

const (
	beforeInput uint8 = iota
	inInput
	behindInput
)

// follow looks at the arguments as they are so far, and adds to the text what
// can be told for certain: an escape that is cut off waits.
func (c *customInput) follow(plain []byte) {
	if c.state == beforeInput {
		start := inputStart(plain)
		if start < 0 {
			return
		}
		c.state, c.seen = inInput, start
	}
	for c.state == inInput && c.seen < len(plain) {
		switch char := plain[c.seen]; {
		case char == '"':
			c.state = behindInput
		case char != '\\':
			if char < ' ' { // a line end that should have been escaped
				c.text = appendEscaped(c.text, plain[c.seen:c.seen+1])
			} else {
				c.text = append(c.text, char)
			}
			c.seen++
		default:
			n := 2
			if len(plain) > c.seen+1 && plain[c.seen+1] == 'u' {
				n = 6
			}
			if len(plain) < c.seen+n {
				return
			}
			c.text = append(c.text, plain[c.seen:c.seen+n]...)
			c.seen += n
		}
	}
}

// inputStart returns where the text begins in arguments of the form
// {"input":"text"}, -1 as long as they are not of that form.
func inputStart(plain []byte) int {
	i := 0
	for _, want := range []string{"{", `"input"`, ":", `"`} {
		for i < len(plain) && (plain[i] == ' ' || plain[i] == '\n' || plain[i] == '\t' || plain[i] == '\r') {
			i++
		}
		if len(plain)-i < len(want) || string(plain[i:i+len(want)]) != want {
			return -1
		}
		i += len(want)
	}
	return i
}
