package process

import (
	"bytes"
	"encoding/binary"
	"os"

	"golang.org/x/sys/unix"
)

// isOwnProcess reports whether the real, effective and saved user of a process are all
// this process's effective user. The owner of /proc/PID does not say so: it is root for
// a process that hides its memory.
func isOwnProcess(pid int) bool {
	p, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	me := uint32(os.Geteuid())
	return err == nil && p.Eproc.Ucred.Uid == me && p.Eproc.Pcred.P_ruid == me && p.Eproc.Pcred.P_svuid == me
}

// readCommand returns the executable of a process and the arguments that it was
// executed with.
func readCommand(pid int) (executable string, args []string) {
	raw := readEnviron(pid, nil)
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
