package patch

import "io"

// ParseAll parses a patch and selects everything, for the fuzzer.
func ParseAll(r io.Reader, yield func(Addition) error) (Counts, error) {
	return Parse(r, Selection{Hunks: true, Files: true}, yield)
}

// ParseObject reads a line of git's raw format, for the fuzzer.
func ParseObject(line string) (a Addition, err error) {
	err = (&parser{yield: func(of Addition) error { a = of; return nil }}).parseRawLine(line)
	return a, err
}
