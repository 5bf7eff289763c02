package ledger

import "github.com/flowgate-go/flowgate/internal/process"

// MarkVariable is the variable by which a service's processes are found again when
// nothing else is known of them: the runtime folder, a colon, the service.
const MarkVariable = "FLOWGATE_SERVICE"

func Mark(runtimeDir, service string) string { return runtimeDir + ":" + service }

func NewCensus() *process.Census { return &process.Census{Variable: MarkVariable} }
