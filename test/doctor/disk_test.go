package doctor_test

import "github.com/flowgate-go/flowgate/internal/rightstest"

// readOnly takes the right to write away.
func readOnly(s *stack) func() {
	s.shell("chmod 500 .router/runtime")
	return func() { s.shell("chmod 700 .router/runtime") }
}

// smallDisk puts the runtime folder on a file system of its own.
func smallDisk(s *stack) func() {
	dir := s.path(".router/runtime")
	text := s.read(".router/runtime/litellm.active.yaml")
	state := s.read(".router/runtime/state.json")
	undo := rightstest.SmallDisk(s.t, dir, "20m")
	s.shell("mkdir -m 700 " + dir + "/process-logs")
	s.write(".router/runtime/litellm.active.yaml", text)
	s.write(".router/runtime/state.json", state)
	return undo
}
