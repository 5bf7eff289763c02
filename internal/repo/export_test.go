package repo

import "io"

// Parse reads a patch of which everything is wanted, for the fuzzer.
func Parse(r io.Reader, yield func(Added) error) (Counts, error) {
	return parse(r, want{hunks: true, files: true}, yield)
}
