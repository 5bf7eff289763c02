package ledger

// For tests of what others cannot see of a connection.
var (
	OpenForWriting = openForWriting
	QueryInt       = queryInt
)

// BatchRows is how many rows are written without waiting for the interval.
const BatchRows = batchRows

// MaxPending is how many rows wait at most to be written.
const MaxPending = maxPending
