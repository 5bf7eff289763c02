package repo

import "io"

// Parse reads a patch of which everything is wanted, for the fuzzer.
func Parse(r io.Reader, yield func(Addition) error) (Counts, error) {
	return parsePatch(r, selection{hunks: true, files: true}, yield)
}

// ParseObject reads a line of git's raw format, for the fuzzer.
func ParseObject(line string) (a Addition, err error) {
	err = (&patchParser{yield: func(of Addition) error { a = of; return nil }}).parseRawLine(line)
	return a, err
}
