package credential

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// MaxSize bounds a credential file, in bytes; real ones are below 16 kB.
const MaxSize = 1 << 20

// ReadFile reads a credential file of another program: a regular file of this user
// of at most MaxSize bytes. Faults: source-missing, source-unreadable,
// source-invalid, source-unsupported.
func ReadFile(file string) ([]byte, error) {
	info, err := os.Lstat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, Missing(file)
	case err != nil:
	case info.Mode()&fs.ModeSymlink != 0:
		err = errors.New("it is a symbolic link; name the file that it leads to")
	case HasForeignOwner(info):
		err = errors.New("it belongs to another user")
	case info.Mode().IsRegular() && isDatabaseFile(file):
		return nil, UnsupportedDatabase(file)
	case info.Size() > MaxSize:
		return nil, Invalid(file, fmt.Errorf("it has %d bytes; a credential has a few thousand", info.Size()))
	case info.Mode().IsRegular() && info.Size() == 0:
		return nil, Invalid(file, ErrEmpty)
	}
	var data []byte
	if err == nil {
		data, err = safefile.Read(file, MaxSize)
	}
	if err != nil {
		return nil, fault.New("source-unreadable", "read %s: %s", file, safefile.Reason(err)).
			WithHint("it must be a file that you own and can read; -source=FILE names another")
	}
	return data, nil
}

// byteOrderMark is the mark with which some editors begin a text in UTF-8.
var byteOrderMark = []byte("\xef\xbb\xbf")

// TrimByteOrderMark returns data without the byte-order mark that some editors write,
// so that a file that only has to be read is accepted with it.
func TrimByteOrderMark(data []byte) []byte { return bytes.TrimPrefix(data, byteOrderMark) }

// Missing returns the fault source-missing.
func Missing(file string) error {
	return fault.New("source-missing", "%s does not exist", file).WithHint("-source=FILE names where the credential is")
}

// Invalid returns the fault source-invalid with the reason why.
func Invalid(file string, why error) error {
	return fault.New("source-invalid", "%s holds no credential: %w", file, why).
		WithHint("sign in again with the tool that it belongs to, or name another file with -source")
}

// IsDatabase reports whether data begins as a SQLite database does.
func IsDatabase(data []byte) bool { return bytes.HasPrefix(data, []byte("SQLite format 3\x00")) }

// isDatabaseFile reports whether the file begins as a SQLite database does.
func isDatabaseFile(file string) bool {
	f, err := safefile.Open(file)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	head := make([]byte, 16)
	_, err = io.ReadFull(f, head)
	return err == nil && IsDatabase(head)
}

// UnsupportedDatabase returns the fault source-unsupported for a database of
// kiro-cli; the hint converts it into a file that can be imported.
func UnsupportedDatabase(file string) error {
	return fault.New("source-unsupported",
		"%s is a SQLite database, as kiro-cli writes it, and FlowGate reads JSON files only", file).
		WithHint(`sqlite3 %q "select json_patch(coalesce((select value from auth_kv where key like '%%:odic:device-registration'), '{}'), value) from auth_kv where key like 'kirocli:%%:token'" > kiro.json (chmod 600), then mage auth:import kiro -source=kiro.json; or sign in with mage auth:login kiro`,
			file)
}

// HasForeignOwner reports whether the file belongs to another user.
func HasForeignOwner(info fs.FileInfo) bool {
	owner, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(owner.Uid) != os.Geteuid()
}
