// Command flowgate runs FlowGate's targets without mage: `flowgate doctor` is what
// `mage doctor` is in a clone. Package tasks holds the targets.
package main

import (
	"os"

	"github.com/flowgate-go/flowgate/tasks"
)

func main() { os.Exit(tasks.Main(os.Args)) }
