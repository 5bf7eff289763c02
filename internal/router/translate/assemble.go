package translate

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// writer writes a reply in the client's dialect as its pieces arrive. Blocks
// come one after the other: a block is opened only after the one before it was
// closed. Each method appends to dst and returns it.
type writer interface {
	start(dst []byte, r *reply) []byte
	open(dst []byte, b *block) []byte
	delta(dst []byte, b *block, piece []byte) []byte
	close(dst []byte, b *block) []byte
	finish(dst []byte, r *reply) []byte
	fail(dst []byte, f *failure) []byte
}

// discardWriter is a writer that writes nothing. It serves where the reply is written
// as a whole when it is complete.
type discardWriter struct{}

func (discardWriter) start(dst []byte, _ *reply) []byte           { return dst }
func (discardWriter) open(dst []byte, _ *block) []byte            { return dst }
func (discardWriter) delta(dst []byte, _ *block, _ []byte) []byte { return dst }
func (discardWriter) close(dst []byte, _ *block) []byte           { return dst }
func (discardWriter) finish(dst []byte, _ *reply) []byte          { return dst }
func (discardWriter) fail(dst []byte, _ *failure) []byte          { return dst }

// maxReply is the largest size of a reply, in bytes of text; a longer one counts as broken.
const maxReply = 64 << 20

// assembler puts a reply together from what a reader finds, and hands each piece
// to the writer as soon as it may go out. The pieces of a second block wait
// until the first is closed: a text is closed when the next block begins, a call
// when its arguments are whole.
type assembler struct {
	*Call
	out     writer
	dst     []byte
	reply   reply
	size    int // bytes of text so far
	first   int // index of the first block that is not closed
	started bool
	ended   bool
	failure *failure

	calls map[string]*block // by the key with which the upstream names a call in its events

	hasReasoning bool // chat upstream: its reasoning comes in a member of its own
	isCounted    bool // chat upstream: a chunk of its own had the usage, before a finish_reason
}

// isOver reports whether the reply has ended, well or with an error.
func (a *assembler) isOver() bool { return a.ended || a.failure != nil }

// start notes that the reply has begun. Further calls do nothing.
func (a *assembler) start() {
	if !a.started && !a.isOver() {
		a.started = true
		a.dst = a.out.start(a.dst, &a.reply)
	}
}

// fail ends the reply with an error.
func (a *assembler) fail(f *failure) {
	if !a.isOver() {
		a.failure = f
		a.dst = a.out.fail(a.dst, f)
	}
}

// addText adds a piece of a text or of thinking and returns its block, nil when there
// is nothing to add.
func (a *assembler) addText(kind partKind, piece []byte) *block {
	if len(piece) == 0 || a.isOver() {
		return nil
	}
	b := a.reply.last()
	if b == nil || b.kind != kind || b.done {
		b = a.addBlock(&block{kind: kind})
	}
	a.addPiece(b, piece)
	return b
}

// maxBlocks is the largest number of blocks of a reply; one with more counts as broken.
const maxBlocks = 4096

// addBlock adds a block to the reply.
func (a *assembler) addBlock(b *block) *block {
	a.start()
	b.index = len(a.reply.blocks)
	if b.index == maxBlocks {
		a.fail(brokenReply("the upstream's reply has too many parts"))
	}
	a.reply.blocks = append(a.reply.blocks, b)
	return b
}

// sign sets the signature of the last block, if that is thinking and still open.
func (a *assembler) sign(signature []byte) {
	if b := a.reply.last(); b != nil && b.kind == thinkingPart && !b.closed {
		b.signature = signature
	}
}

// addCall adds a call of a tool.
func (a *assembler) addCall(id, name []byte) *block {
	b := a.addBlock(&block{kind: callPart})
	a.identify(b, id, name)
	return b
}

// identify sets the id and the name of a call, unless it has them already.
func (a *assembler) identify(b *block, id, name []byte) {
	if len(b.id) == 0 {
		b.id = clone(id)
	}
	if len(b.name) == 0 && len(name) > 0 {
		b.name = clone(name)
		b.tool = a.clientName(b.name)
		if a.hasFormatTool && string(name) == formatTool && !b.opened {
			b.kind = textPart // its arguments are the reply
		}
	}
}

// makeID returns an id for the part of the reply with the given index.
func (a *assembler) makeID(prefix string, index int) []byte {
	id := append([]byte(prefix), a.opts.ID...)
	return strconv.AppendInt(append(id, '_'), int64(index), 10)
}

// ensureID replaces the id of a call when it is empty or an earlier block has it.
func (a *assembler) ensureID(b *block) {
	isUsed := len(b.id) == 0
	for _, other := range a.reply.blocks[:b.index] {
		isUsed = isUsed || bytes.Equal(other.id, b.id)
	}
	if isUsed {
		b.id = a.makeID("call_", b.index)
	}
}

// addPiece adds a piece to a block.
func (a *assembler) addPiece(b *block, piece []byte) {
	if a.isOver() || len(piece) == 0 {
		return
	}
	if b.closed {
		if len(bytes.TrimSpace(plainText(piece))) > 0 {
			a.fail(brokenReply("the upstream added to the arguments of a call that were already complete"))
		}
		return
	}
	if a.size += len(piece); a.size > maxReply {
		a.fail(brokenReply("the upstream's reply is too long"))
		return
	}
	b.text = append(b.text, piece...)
	if b.kind == callPart {
		from := len(b.plain)
		b.plain = appendUnescaped(b.plain, piece)
		b.json.follow(b.plain[from:])
	}
	a.pump()
}

// pump hands the writer what may go out.
func (a *assembler) pump() {
	for ; a.first < len(a.reply.blocks) && !a.isOver(); a.first++ {
		b := a.reply.blocks[a.first]
		if !b.opened {
			if b.kind == callPart && len(b.name) == 0 {
				return // its name has not come yet
			}
			if b.kind == callPart {
				a.ensureID(b)
			}
			b.opened = true
			a.dst = a.out.open(a.dst, b)
		}
		a.flush(b)
		isLast := a.first == len(a.reply.blocks)-1
		if !b.done && (isLast || b.kind == callPart && !b.json.isWhole) {
			return
		}
		a.closeBlock(b)
	}
}

// flush hands the writer the pieces of an open block that it has not got yet.
func (a *assembler) flush(b *block) {
	piece := b.text[b.sent:]
	b.sent = len(b.text)
	if b.tool.custom {
		from := len(b.input.text)
		b.input.follow(b.plain)
		piece = b.input.text[from:]
	}
	if len(piece) > 0 {
		a.dst = a.out.delta(a.dst, b, piece)
	}
}

// closeBlock closes a block. Missing arguments become an empty object. Where the
// arguments of a custom tool are not an object with its text, they are the text.
func (a *assembler) closeBlock(b *block) {
	b.signDetails()
	switch {
	case b.kind != callPart:
	case b.tool.custom && b.input.state == beforeInput && len(b.plain) > 0:
		b.input.text = bytes.Clone(b.text)
		a.dst = a.out.delta(a.dst, b, b.input.text)
	case b.tool.custom:
	case !isObject(b.plain) && isNothing(b.plain):
		b.plain, b.text = []byte("{}"), []byte("{}")
		if b.sent == 0 {
			a.dst = a.out.delta(a.dst, b, b.text)
		}
	case !isObject(b.plain) && a.reply.finish != finishLength:
		a.fail(brokenReply("the upstream called the tool " + string(b.tool.name) +
			" with arguments that are not a JSON object"))
		return
	}
	b.done, b.closed = true, true
	a.dst = a.out.close(a.dst, b)
}

// isObject reports whether plain is a JSON object.
func isObject(plain []byte) bool {
	plain = bytes.TrimSpace(plain)
	return len(plain) > 0 && plain[0] == '{' && json.Valid(plain)
}

// isNothing reports whether plain stands for no arguments: it is empty, null or an
// empty string.
func isNothing(plain []byte) bool {
	switch string(bytes.TrimSpace(plain)) {
	case "", "null", `""`:
		return true
	}
	return false
}

// closeAll closes every block. It is called when the upstream has said that the reply
// is complete.
func (a *assembler) closeAll() {
	for _, b := range a.reply.blocks {
		b.done = true
		if b.kind == callPart && len(b.name) == 0 {
			a.fail(brokenReply("the upstream called a tool without saying its name"))
		}
	}
	a.pump()
}

// conclude ends the reply. A reply with calls ended because of them, whatever the
// upstream says, unless it was cut off within one.
func (a *assembler) conclude() {
	if a.isOver() {
		return
	}
	a.start()
	a.closeAll()
	r := &a.reply
	switch hasCall, areWhole := a.inspectCalls(); {
	case hasCall && (r.finish != finishLength || areWhole):
		r.finish = finishTools
	case !hasCall && r.finish == finishTools:
		r.finish = finishStop
	}
	if !r.usage.isKnown {
		a.estimateUsage()
	}
	if !a.isOver() {
		a.ended = true
		a.dst = a.out.finish(a.dst, r)
	}
}

// inspectCalls reports whether the reply has calls, and whether the arguments of
// all of them are whole.
func (a *assembler) inspectCalls() (hasCall, areWhole bool) {
	areWhole = true
	for _, b := range a.reply.blocks {
		if b.kind == callPart {
			hasCall = true
			areWhole = areWhole && (b.tool.custom || isObject(b.plain))
		}
	}
	return hasCall, areWhole
}

// Rules of thumb: how many bytes of English text or code make a token, and how
// many tokens an image or a document counts.
const (
	bytesPerToken       = 4
	tokensPerAttachment = 1600
)

// estimatePrompt returns an estimate of the tokens of a request.
func (r *request) estimatePrompt() int {
	size, attachments := 0, 0
	for _, parts := range [][]part{r.parts, r.inner} {
		for i := range parts {
			if parts[i].media != nil {
				attachments++
				continue
			}
			size += len(parts[i].text)
		}
	}
	for i := range r.tools {
		size += len(r.tools[i].name) + len(r.tools[i].description) + len(r.tools[i].schema)
	}
	return size/bytesPerToken + attachments*tokensPerAttachment
}

// estimateUsage fills in the usage that the upstream did not report.
func (a *assembler) estimateUsage() {
	a.estimated = true
	a.reply.usage.input = max(1, a.prompt)
	a.reply.usage.output = (a.size + bytesPerToken - 1) / bytesPerToken
}
