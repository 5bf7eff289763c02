package repo

import "io"

// Parse reads a patch of which everything is wanted, for the fuzzer.
func Parse(r io.Reader, yield func(Added) error) (Counts, error) {
	return parse(r, want{hunks: true, files: true}, yield)
}

// ParseObject reads a line of git's raw format, for the fuzzer.
func ParseObject(line string) (a Added, err error) {
	err = (&patch{yield: func(of Added) error { a = of; return nil }}).object(line)
	return a, err
}
