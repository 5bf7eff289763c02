package auth

// IsContention is for tests: flock's errors cannot be had from a real file system here.
var IsContention = isContention
