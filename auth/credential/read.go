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

// MaxSize is the most that is read of a credential file; real ones are below 16 kB.
const MaxSize = 1 << 20

// ReadFile reads a file of another tool: a regular one of this user, of at
// most 1 MB.
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
		return nil, fault.New("source-unreadable", "read %s: %s", file, safefile.Reason(err)).WithHint("it must be a file of yours that you may read; -source=FILE names another")
	}
	return data, nil
}

func Missing(file string) error {
	return fault.New("source-missing", "there is no %s", file).WithHint("-source=FILE names where the credential is")
}

func Invalid(file string, why error) error {
	return fault.New("source-invalid", "%s holds no credential: %w", file, why).
		WithHint("sign in again with the tool that it belongs to, or name another file with -source")
}

// IsDatabase reports whether data is the begin of a SQLite database.
func IsDatabase(data []byte) bool { return bytes.HasPrefix(data, []byte("SQLite format 3\x00")) }

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

// UnsupportedDatabase refuses a database of kiro-cli and says how its content
// becomes a file that can be imported.
func UnsupportedDatabase(file string) error {
	return fault.New("source-unsupported", "%s is a SQLite database, as kiro-cli keeps its sign-in, and FlowGate reads files of JSON only", file).
		WithHint(`sqlite3 %q "select json_patch(coalesce((select value from auth_kv where key like '%%:odic:device-registration'), '{}'), value) from auth_kv where key like 'kirocli:%%:token'" > kiro.json (chmod 600), then mage auth:import kiro -source=kiro.json; or sign in with mage auth:login kiro`, file)
}

func HasForeignOwner(info fs.FileInfo) bool {
	owner, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(owner.Uid) != os.Geteuid()
}
