package auth

import (
	"maps"
	"slices"
)

// IsContention is for tests: flock's errors cannot be had from a real file system here.
var IsContention = isContention

// MethodNames are the methods that there are, in alphabetical order.
func MethodNames() []string { return slices.Sorted(maps.Keys(methods())) }
