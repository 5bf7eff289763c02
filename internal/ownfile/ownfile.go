// Package ownfile reads files that only this user can change: what another user could have
// written must not be believed. Call Read, or ReadMounted where Kubernetes mounts the file.
//
// It looks at a file alone. The folders above it, and which files of an installation have
// to be this user's own, are package trust's.
package ownfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// Read reads a file of at most limit bytes that only this user can change, wherever it is; the
// folders above it are not examined. Faults: not-yours, state-untrusted for a larger file;
// errors of the file system are returned as they are.
func Read(path string, limit int64) ([]byte, error) { return read(path, limit, WhyNotOwn) }

// read is Read with its own rule of whose the file may be.
func read(path string, limit int64, whyNot func(fs.FileInfo) string) ([]byte, error) {
	// O_NONBLOCK: opening a pipe must not block.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, syscall.ELOOP) {
		return nil, Fault(path, "is a symbolic link")
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: safefile.ErrNotRegular}
	}
	if why := whyNot(info); why != "" {
		return nil, Fault(path, why)
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fault.New("state-untrusted", "%s is larger than %d bytes, so it is not read as state", path, limit).
			WithHint("move it away; FlowGate begins a new one")
	}
	return data, nil
}

// WhyNotOwn returns why a file or folder can be another user's work: a link, its owner or its
// mode. It returns "" when only this user can change it.
func WhyNotOwn(info fs.FileInfo) string {
	uid, _ := Owner(info)
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return "is a symbolic link"
	case uid != os.Geteuid():
		return fmt.Sprintf("belongs to user %d", uid)
	case info.Mode().Perm()&0o022 != 0:
		return fmt.Sprintf("can be written by others (mode %04o)", info.Mode().Perm())
	}
	return ""
}

// Owner returns the user and the group of a file, -1 when they are unknown.
func Owner(info fs.FileInfo) (uid, gid int) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return -1, -1
	}
	return int(st.Uid), int(st.Gid)
}

// Fault returns the fault not-yours for a path, with the hint for its owner.
func Fault(path, why string) *fault.Error {
	hint := ModeHint(path)
	if uid, foreign := ForeignOwner(path); foreign {
		hint = OwnerHint(uid)
	}
	return fault.Usage("not-yours", "%s %s, so FlowGate does not use it; nothing was done", path, why).
		WithHint("%s, or work in a folder of your own", hint)
}

// ModeHint returns the hint to keep other users from writing to a file or folder of this user. A
// folder that everybody can write may be meant for everybody, as /tmp: then nobody should be able to
// replace what others have in it.
func ModeHint(path string) string {
	info, err := os.Lstat(path)
	switch {
	case err == nil && info.Mode()&fs.ModeSymlink != 0:
		return "put the real file or folder in the place of the link"
	case err == nil && info.IsDir() && info.Mode().Perm()&0o002 != 0:
		return fmt.Sprintf("keep other users out: chmod go-w %s, or chmod +t %s where all users share it",
			program.Quote(path), program.Quote(path))
	}
	return "keep other users out: chmod go-w " + program.Quote(path)
}

// ForeignOwner returns the user that owns a file, and whether that is another user than
// the one of this process.
func ForeignOwner(path string) (uid int, foreign bool) {
	info, err := os.Lstat(path)
	if err != nil {
		return -1, false
	}
	uid, _ = Owner(info)
	return uid, uid >= 0 && uid != os.Geteuid()
}

// OwnerHint returns the hint to run a command as the user who owns the files.
func OwnerHint(uid int) string {
	name := "'#" + strconv.Itoa(uid) + "'" // sudo's form for a user without a name
	if known, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		name = known.Username
	}
	return "if it is that user's stack, run the command as that user: sudo -u " + name + " " + program.Command("…")
}
