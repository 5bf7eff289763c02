package doctor_test

// readOnly takes the right to write away.
func readOnly(s *stack) func() {
	s.shell("chmod 500 .router/runtime")
	return func() { s.shell("chmod 700 .router/runtime") }
}

// smallDisk needs a file system of its own.
func smallDisk(s *stack) func() {
	s.t.Skip("SKIPPED: a small file system is mounted on Linux only")
	return nil
}
