package repo

// Parse is parse, for the fuzzer.
var Parse = parse
