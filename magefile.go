//go:build mage

// The targets of FlowGate; tasks holds them.
package main

import (
	//mage:import
	"github.com/flowgate-go/flowgate/tasks"
)

// Default is what mage alone runs.
var Default = tasks.Overview

// init runs before the main function that mage generates, which reads os.Args
// first thing and would refuse what people may type here.
func init() { tasks.Magefile{}.TakeOver() }
