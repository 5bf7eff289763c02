package process

import (
	"bytes"
	"encoding/binary"
	"os"

	"golang.org/x/sys/unix"
)

// isOurs reports whether a process runs as this process's user in every way.
func isOurs(pid int) bool {
	p, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	me := uint32(os.Geteuid())
	return err == nil && p.Eproc.Ucred.Uid == me && p.Eproc.Pcred.P_ruid == me && p.Eproc.Pcred.P_svuid == me
}

// commandOf is the executable of a process and the arguments that it was
// executed with: kern.procargs2 has their number, the path, padding, then them.
func commandOf(pid int) (executable string, args []string) {
	raw := environment(pid, nil)
	if len(raw) < 4 {
		return "", nil
	}
	count := int(binary.NativeEndian.Uint32(raw))
	path, rest, _ := bytes.Cut(raw[4:], []byte{0})
	for _, arg := range bytes.Split(bytes.TrimLeft(rest, "\x00"), []byte{0}) {
		if len(args) == count {
			break
		}
		args = append(args, string(arg))
	}
	return string(path), args
}
