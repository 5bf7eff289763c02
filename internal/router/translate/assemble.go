package translate

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// writer writes a reply in the client's dialect as its pieces arrive. Blocks
// come one after the other: no block is opened before the last is closed. Each
// method appends to dst and returns it.
type writer interface {
	start(dst []byte, r *reply) []byte
	open(dst []byte, b *block) []byte
	delta(dst []byte, b *block, piece []byte) []byte
	close(dst []byte, b *block) []byte
	finish(dst []byte, r *reply) []byte
	fail(dst []byte, f *failure) []byte
}

// silent is the writer where a reply is wanted as a whole.
type silent struct{}

func (silent) start(dst []byte, _ *reply) []byte           { return dst }
func (silent) open(dst []byte, _ *block) []byte            { return dst }
func (silent) delta(dst []byte, _ *block, _ []byte) []byte { return dst }
func (silent) close(dst []byte, _ *block) []byte           { return dst }
func (silent) finish(dst []byte, _ *reply) []byte          { return dst }
func (silent) fail(dst []byte, _ *failure) []byte          { return dst }

// maxReply is the size of a reply, in bytes of text, beyond which it counts as broken.
const maxReply = 64 << 20

// assembler puts a reply together from what a reader finds, and hands each piece
// to the writer as soon as it may go out: the pieces of a second block wait
// until the first is closed, which a text is when the next block begins, and a
// call when its arguments are whole.
type assembler struct {
	*Call
	out     writer
	dst     []byte
	reply   reply
	size    int
	first   int // the first block that is not closed
	started bool
	ended   bool
	failure *failure

	calls map[string]*block // by the upstream's own key of a call
	keep  []byte            // of the reader: the last item's state
}

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

// text adds a piece of a text or of thinking.
func (a *assembler) text(kind partKind, piece []byte) *block {
	if len(piece) == 0 || a.isOver() {
		return nil
	}
	b := a.reply.last()
	if b == nil || b.kind != kind || b.done {
		b = a.add(&block{kind: kind})
	}
	a.piece(b, piece)
	return b
}

// maxBlocks is the number of blocks of a reply beyond which it counts as broken.
const maxBlocks = 4096

func (a *assembler) add(b *block) *block {
	a.start()
	b.index = len(a.reply.blocks)
	if b.index == maxBlocks {
		a.fail(broken("the upstream's reply has too many parts"))
	}
	a.reply.blocks = append(a.reply.blocks, b)
	return b
}

// sign adds the signature to the thinking that has just passed.
func (a *assembler) sign(signature []byte) {
	if b := a.reply.last(); b != nil && b.kind == thinkingPart && !b.closed {
		b.signature = signature
	}
}

// call adds a tool's call. An id that is empty or was used before is replaced.
func (a *assembler) call(id, name []byte) *block {
	b := a.add(&block{kind: callPart})
	a.identify(b, id, name)
	return b
}

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

// madeID returns an id for a part of the reply.
func (a *assembler) madeID(prefix string, index int) []byte {
	id := append([]byte(prefix), a.opts.ID...)
	return strconv.AppendInt(append(id, '_'), int64(index), 10)
}

// ensureID gives a call an id of its own.
func (a *assembler) ensureID(b *block) {
	isUsed := len(b.id) == 0
	for _, other := range a.reply.blocks[:b.index] {
		isUsed = isUsed || bytes.Equal(other.id, b.id)
	}
	if isUsed {
		b.id = a.madeID("call_", b.index)
	}
}

// piece adds a piece to a block.
func (a *assembler) piece(b *block, piece []byte) {
	if a.isOver() || len(piece) == 0 {
		return
	}
	if b.closed {
		if len(bytes.TrimSpace(plainText(piece))) > 0 {
			a.fail(broken("the upstream went on with a call that was already whole"))
		}
		return
	}
	if a.size += len(piece); a.size > maxReply {
		a.fail(broken("the upstream's reply is too long"))
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

// pump hands to the writer what may go out.
func (a *assembler) pump() {
	for ; a.first < len(a.reply.blocks) && !a.isOver(); a.first++ {
		b := a.reply.blocks[a.first]
		if !b.opened {
			if b.kind == callPart && len(b.name) == 0 {
				return // its name has still to come
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
		a.shut(b)
	}
}

// flush hands over the pieces of an open block.
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

// shut closes a block. Arguments that are missing are an empty object, and a
// custom tool's text that is not where it belongs is the arguments themselves.
func (a *assembler) shut(b *block) {
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
		a.fail(broken("the upstream called the tool " + string(b.tool.name) + " with arguments that are not a JSON object"))
		return
	}
	b.done, b.closed = true, true
	a.dst = a.out.close(a.dst, b)
}

func isObject(plain []byte) bool {
	plain = bytes.TrimSpace(plain)
	return len(plain) > 0 && plain[0] == '{' && json.Valid(plain)
}

// isNothing reports whether arguments say that there are none.
func isNothing(plain []byte) bool {
	switch string(bytes.TrimSpace(plain)) {
	case "", "null", `""`:
		return true
	}
	return false
}

// closeAll closes every block: the upstream said that the reply is complete.
func (a *assembler) closeAll() {
	for _, b := range a.reply.blocks {
		b.done = true
		if b.kind == callPart && len(b.name) == 0 {
			a.fail(broken("the upstream called a tool without saying its name"))
		}
	}
	a.pump()
}

// conclude ends the reply. A reply with calls ended for them, whatever the
// upstream says, unless it broke off within one.
func (a *assembler) conclude() {
	if a.isOver() {
		return
	}
	a.start()
	a.closeAll()
	r := &a.reply
	switch hasCall, areWhole := a.judgeCalls(); {
	case hasCall && (r.finish != finishLength || areWhole):
		r.finish = finishTools
	case !hasCall && r.finish == finishTools:
		r.finish = finishStop
	}
	if !r.usage.isKnown {
		a.estimate()
	}
	if !a.isOver() {
		a.ended = true
		a.dst = a.out.finish(a.dst, r)
	}
}

// judgeCalls reports whether the reply has calls, and whether the arguments of
// all of them are whole.
func (a *assembler) judgeCalls() (hasCall, areWhole bool) {
	areWhole = true
	for _, b := range a.reply.blocks {
		if b.kind == callPart {
			hasCall = true
			areWhole = areWhole && (b.tool.custom || isObject(b.plain))
		}
	}
	return hasCall, areWhole
}

// Rules of thumb: how many bytes of English text or code a token has, and how
// many tokens an image or the page of a document.
const (
	bytesPerToken   = 4
	attachmentToken = 1600
)

// estimatePrompt returns about how many tokens a request has.
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
	return size/bytesPerToken + attachments*attachmentToken
}

// estimate fills in the usage that the upstream did not tell.
func (a *assembler) estimate() {
	a.estimated = true
	a.reply.usage.input = max(1, a.prompt)
	a.reply.usage.output = (a.size + bytesPerToken - 1) / bytesPerToken
}
