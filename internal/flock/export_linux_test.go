package flock

// ParseHolder is for tests of tables that the kernel of a test does not print.
var ParseHolder = parseHolder
