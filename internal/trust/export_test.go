package trust

// IndexNames is for fuzzing: what an index may hold is not ours to choose.
var IndexNames = indexNames
