package page

// NewLink returns the path of a new link, as the command gets it.
func (s *Server) NewLink() string { return "/open/" + s.keys.newLink() }

// Templates returns the names of the parts, for a test that executes each.
func Templates() []string { return partNames[:] }
