package selfexec

// SharedPath returns a path by which another process can execute this program as long
// as this process runs, even when its file was replaced or removed (Linux).
func SharedPath() string { return Path() }
