package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/ncruces/go-sqlite3"
)

// The whole numbers of a row, in the order of the columns of the table request. Texts are their ids in the table name.
const (
	idColumn = iota
	startColumn
	durationColumn
	firstByteColumn
	askedColumn
	upstreamColumn
	clientColumn
	userAgentColumn
	sessionColumn
	agentColumn
	routeColumn
	streamedColumn
	requestedColumn
	groupColumn
	fallbackColumn
	deploymentColumn
	providerColumn
	hostColumn
	modelColumn
	accountColumn
	statusColumn
	classColumn
	attemptsColumn
	requestBytesColumn
	replyBytesColumn
	toldColumn
	inputColumn
	cachedColumn
	cacheWriteColumn
	hourWriteColumn
	outputColumn
	reasoningColumn
	columns
)

// nameColumns are the columns with the ids of names.
var nameColumns = [...]int{clientColumn, userAgentColumn, sessionColumn, agentColumn, routeColumn, requestedColumn,
	groupColumn, fallbackColumn, deploymentColumn, providerColumn, hostColumn, modelColumn, accountColumn, classColumn}

// entry is a row as it is stored.
type entry struct {
	numbers [columns]int64
	cost    float64
	hasCost bool
	call    string // of a failure
}

// The bits that follow those of the columns in the mask before a packed row.
const (
	hasCostBit   = 1 << (columns + iota) // the price is known
	costBit                              // it differs from the last one that was known
	callBit                              // the id of the call follows
	firstFreeBit                         // no bit from here on has a meaning
)

// appendEntry appends a row to data: a mask of the columns that differ from those of the row before it, whose id is
// taken to be one less, then how much they differ, the price and the call. Rows that follow each other are much
// alike. before is the row before, or the zero entry, and becomes this one.
func appendEntry(data []byte, e, before *entry) []byte {
	before.numbers[idColumn]++
	mask := uint64(0)
	for i := range e.numbers {
		if e.numbers[i] != before.numbers[i] {
			mask |= 1 << i
		}
	}
	if e.hasCost {
		mask |= hasCostBit
		if math.Float64bits(e.cost) != math.Float64bits(before.cost) {
			mask |= costBit
		}
	}
	if e.call != "" {
		mask |= callBit
	}
	data = binary.AppendUvarint(data, mask)
	for i := range e.numbers {
		if mask&(1<<i) != 0 {
			data = binary.AppendVarint(data, e.numbers[i]-before.numbers[i])
		}
	}
	if mask&costBit != 0 {
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(e.cost))
		before.cost = e.cost
	}
	if mask&callBit != 0 {
		data = append(binary.AppendUvarint(data, uint64(len(e.call))), e.call...)
	}
	before.numbers = e.numbers
	return data
}

// errPacked is the error for packed rows that cannot be read.
var errPacked = fmt.Errorf("a chunk of rows is damaged: %w", sqlite3.CORRUPT)

// unpack calls do with each row in data, in their order. The entry is valid only during the call. More rows than a
// chunk has are damage, too: a row that is like the one before takes one byte, so that a file would have millions.
func unpack(data []byte, do func(*entry) error) error {
	r := unpacker{data: data}
	var e entry
	cost := 0.0 // the last one that was known
	for rows := 0; len(r.data) > 0; rows++ {
		mask := r.uvarint()
		if mask >= firstFreeBit || rows == chunkRows {
			return errPacked
		}
		e.numbers[idColumn]++
		for i := range e.numbers {
			if mask&(1<<i) != 0 {
				e.numbers[i] += r.varint()
			}
		}
		if mask&costBit != 0 {
			cost = math.Float64frombits(r.uint64())
		}
		e.cost, e.hasCost, e.call = 0, mask&hasCostBit != 0 && isFinite(cost), ""
		if e.hasCost {
			e.cost = cost
		}
		if mask&callBit != 0 {
			e.call = r.text()
		}
		if r.err != nil {
			return r.err
		}
		if err := do(&e); err != nil {
			return err
		}
	}
	return nil
}

// isFinite reports whether a cost is a number: JSON has no others, so that such a cost counts as unknown.
func isFinite(cost float64) bool { return !math.IsNaN(cost) && !math.IsInf(cost, 0) }

// unpacker reads values from the begin of data.
type unpacker struct {
	data []byte
	err  error // the first one
}

// take drops n bytes that were read; n < 1 says that there was no whole value.
func (r *unpacker) take(n int) {
	if n < 1 || n > len(r.data) {
		r.err, r.data = errors.Join(r.err, errPacked), nil
		return
	}
	r.data = r.data[n:]
}

func (r *unpacker) uvarint() uint64 {
	v, n := binary.Uvarint(r.data)
	r.take(n)
	return v
}

func (r *unpacker) varint() int64 {
	v, n := binary.Varint(r.data)
	r.take(n)
	return v
}

func (r *unpacker) uint64() (v uint64) {
	if len(r.data) >= 8 {
		v = binary.LittleEndian.Uint64(r.data)
	}
	r.take(8)
	return v
}

func (r *unpacker) text() string {
	length := r.uvarint()
	if length == 0 || length > uint64(len(r.data)) {
		r.take(0)
		return ""
	}
	text := string(r.data[:length])
	r.take(int(length))
	return text
}
