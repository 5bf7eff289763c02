//go:build mage

// The targets of FlowGate; tasks holds them.
package main

import (
	//mage:import
	"github.com/flowgate-go/flowgate/tasks"
)

// Default is what mage alone runs.
var Default = tasks.Overview
