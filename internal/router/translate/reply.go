package translate

// reply is the content of an upstream's reply, independent of its dialect. Its values are
// texts unless noted.
type reply struct {
	id           []byte
	model        []byte
	created      []byte // raw, seconds since 1970
	blocks       []*block
	finish       finish
	stopSequence []byte // the stop sequence that ended the reply
	usage        usage
}

// last returns the block that was added last; nil when there is none.
func (r *reply) last() *block {
	if n := len(r.blocks); n > 0 {
		return r.blocks[n-1]
	}
	return nil
}

// finish is why a reply ended.
type finish uint8

const (
	finishUnknown finish = iota
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
	signature []byte            // thinkingPart, redactedPart: the opaque field that the client gets
	details   []reasoningDetail // thinkingPart: OpenRouter's
	id        []byte            // callPart
	name      []byte            // callPart: the upstream's name of the tool
	tool      toolName

	index  int    // place among the blocks that the client gets
	plain  []byte // callPart: text, decoded
	json   jsonState
	input  customInput // callPart of a custom tool
	opened bool
	closed bool
	done   bool // the upstream sends no more of it
	sent   int  // length of the text that was passed to the writer
}

// usage is the number of tokens of a request and its reply. Input includes cached tokens.
type usage struct {
	input, cacheRead, cacheWrite int
	hourWrite                    int // the part of cacheWrite that is kept for an hour
	output, reasoning            int
	isKnown                      bool
}

// split splits the input into its parts. join joins them again.
func (u *usage) split() usageParts {
	uncached := u.input - u.cacheRead - u.cacheWrite
	return usageParts{uncached: uncached, read: u.cacheRead, write: u.cacheWrite, hour: u.hourWrite}
}

// usageParts are the parts of an input, as Anthropic and Bedrock tell them. hour is a part of write.
type usageParts struct{ uncached, read, write, hour int }

// join sets the input to what its parts are together.
func (u *usage) join(p usageParts) {
	u.input, u.cacheRead, u.cacheWrite, u.hourWrite = p.uncached+p.read+p.write, p.read, p.write, min(p.hour, p.write)
}

// appendCacheCreation appends, under a name, how long what was written to the cache is kept, in
// Anthropic's form. Nothing is said of what is kept for the usual five minutes only.
func (u *usage) appendCacheCreation(dst []byte, name string) []byte {
	if u.hourWrite == 0 {
		return dst
	}
	dst = appendNumberMember(append(appendKey(dst, name), '{'), "ephemeral_5m_input_tokens", u.cacheWrite-u.hourWrite)
	return append(appendNumberMember(dst, "ephemeral_1h_input_tokens", u.hourWrite), '}')
}

// jsonState follows a JSON object or array as its bytes arrive.
type jsonState struct {
	depth     int
	inString  bool
	isEscaped bool
	isWhole   bool // as many brackets were closed as were opened
}

// follow updates the state with the bytes that come next.
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

// customInput extracts the plain text for a custom tool from the arguments
// {"input":"text"} as they arrive.
type customInput struct {
	seen  int    // bytes of the arguments that were read
	state uint8  // one of the constants below
	text  []byte // the input so far, a text
}

// Where customInput has read to: before, within or after the text.
const (
	beforeInput uint8 = iota
	inInput
	afterInput
)

// follow reads the new bytes of plain, which is all of the arguments so far, and adds them
// to the text. It leaves an escape that is cut off for the next call.
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
			c.state = afterInput
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

// inputStart returns the offset of the text in arguments of the form {"input":"text"}; -1
// when they do not have that form, or not yet.
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
