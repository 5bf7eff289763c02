package process

// descriptors would need a call per process into libproc, or lsof.
func descriptors(int) (files, sockets int) { return -1, -1 }
