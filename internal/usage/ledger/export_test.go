package ledger

// For tests of what others cannot see of a connection.
var (
	OpenForWriting = openForWriting
	QueryInt       = queryInt
)

// BatchRows is how many rows are written without waiting for the interval.
const BatchRows = batchRows

// ChunkRows is how many rows a chunk has at most.
const ChunkRows = chunkRows

// MaxPending is how many rows wait at most to be written.
const MaxPending = maxPending

// MakeIdle returns a writer that keeps rows and never writes them: nothing else allocates meanwhile.
func MakeIdle() *Writer { return &Writer{full: make(chan struct{}, 1)} }

// Entry, Pack and Unpack are for tests of packed rows.
type Entry = entry

// NumberColumns is how many whole numbers a row has.
const NumberColumns = columns

// NewEntry returns a row.
func NewEntry(numbers [NumberColumns]int64, cost float64, hasCost bool, call string) Entry {
	return entry{numbers, cost, hasCost, call}
}

// Pack packs rows.
func Pack(rows []Entry) []byte {
	var p packer
	for i := range rows {
		p.add(&rows[i])
	}
	return p.data
}

// Unpack returns packed rows.
func Unpack(data []byte) (rows []Entry, err error) {
	err = unpack(data, func(e *entry) error { rows = append(rows, *e); return nil })
	return rows, err
}
