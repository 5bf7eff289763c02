package ledger

import "github.com/flowgate-go/flowgate/internal/process"

// MarkVariable is the environment variable of a service's processes that holds
// their Mark. They are found by it when the ledger does not name them.
const MarkVariable = "FLOWGATE_SERVICE"

// Mark returns the mark of a service: the runtime folder, a colon, the service.
func Mark(runtimeDir, service string) string { return runtimeDir + ":" + service }

// NewCensus returns a census of the processes that have a mark.
func NewCensus() *process.Census { return &process.Census{Variable: MarkVariable} }
