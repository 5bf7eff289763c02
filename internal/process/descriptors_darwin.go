package process

// countDescriptors returns -1: macOS tells only by a call per process into libproc, or lsof.
func countDescriptors(int) (files, sockets int) { return -1, -1 }
