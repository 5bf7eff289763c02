// Package archive unpacks archives that may be malicious. Extract writes regular files
// and folders below one folder; when it fails, its caller removes that folder.
//
// It never follows or makes a link, never sets a file's owner, never sets permissions
// other than rwx for the owner, and stops at its limits.
package archive

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// Limits bound what an archive may contain. FlowGate's real archives have five files
// and 60 MB.
type Limits struct {
	Bytes int64 // all files together
	Files int   // files and folders
}

// Extract unpacks the gzipped tar file into dir, which exists and is empty. Zero
// limits mean 1 GB and 10,000 files. Faults: archive-invalid, archive-unsafe,
// archive-too-large, unpack-failed.
func Extract(ctx context.Context, file, dir string, l Limits) error {
	if l == (Limits{}) {
		l = Limits{Bytes: 1 << 30, Files: 10_000}
	}
	in, err := safefile.Open(file)
	if err != nil {
		return fault.New("archive-invalid", "read the archive %s: %w", file, err)
	}
	defer in.Close()
	unpacked, err := openGzip(in, file)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir) // a second defence after the check of every name
	if err != nil {
		return unpackError(dir, err)
	}
	defer root.Close()
	u := unpacker{file: file, root: root, left: l}
	for entries := tar.NewReader(unpacked); ; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return u.checkEnd(unpacked)
		}
		if err != nil {
			return damagedError(file, err)
		}
		if err := u.writeEntry(header, entries); err != nil {
			return err
		}
	}
}

// openGzip reads the first bytes and begins to unpack. A web page in the place of an
// archive comes from a proxy's sign-in page or an expired link.
func openGzip(in io.Reader, file string) (io.Reader, error) {
	buffered := bufio.NewReader(in)
	head, _ := buffered.Peek(64)
	if strings.HasPrefix(strings.ToLower(strings.TrimSpace(string(head))), "<!doctype html") ||
		strings.HasPrefix(strings.ToLower(strings.TrimSpace(string(head))), "<html") {
		return nil, fault.New("archive-invalid", "%s is a web page, not an archive", file).
			WithHint("a proxy or a sign-in page answered in the server's place; fetch it with a browser and use -from=FILE")
	}
	unpacked, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, damagedError(file, err)
	}
	return unpacked, nil
}

// unpacker writes the entries of one archive.
type unpacker struct {
	file string
	root *os.Root
	left Limits
}

// writeEntry checks and writes one entry.
func (u *unpacker) writeEntry(h *tar.Header, content io.Reader) error {
	if h.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	name := path.Clean(strings.ReplaceAll(h.Name, `\`, "/"))
	if name == "." {
		return nil
	}
	if !filepath.IsLocal(name) || path.IsAbs(h.Name) {
		return unsafeError(u.file, "%q leads outside of the folder", h.Name)
	}
	if u.left.Files--; u.left.Files < 0 {
		return tooLargeError(u.file, "more files than the limit")
	}
	switch h.Typeflag {
	case tar.TypeDir:
		return u.makeFolder(name)
	case tar.TypeReg:
		return u.writeFile(name, h, content)
	case tar.TypeSymlink, tar.TypeLink:
		return unsafeError(u.file, "%q is a link to %q", h.Name, h.Linkname)
	}
	return unsafeError(u.file, "%q is a device, a pipe or something unknown (type %q)", h.Name, h.Typeflag)
}

// checkEnd reads what follows the last entry, where gzip's checksum is.
func (u *unpacker) checkEnd(rest io.Reader) error {
	const padding = 1 << 20
	n, err := io.Copy(io.Discard, io.LimitReader(rest, padding+1))
	switch {
	case err != nil:
		return damagedError(u.file, err)
	case n > padding:
		return tooLargeError(u.file, "there is more behind its last entry")
	}
	return nil
}

// makeFolder makes a folder and its parents.
func (u *unpacker) makeFolder(name string) error {
	if name == "." || name == "" {
		return nil
	}
	if err := u.root.MkdirAll(name, 0o700); err != nil {
		return unpackError(name, err)
	}
	return nil
}

// writeFile writes a regular file.
func (u *unpacker) writeFile(name string, h *tar.Header, content io.Reader) error {
	if h.Size > u.left.Bytes {
		return tooLargeError(u.file, "it unpacks to more than the limit")
	}
	if err := u.makeFolder(path.Dir(name)); err != nil {
		return err
	}
	mode := os.FileMode(0o600)
	if h.Mode&0o111 != 0 {
		mode = 0o700
	}
	out, err := u.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, os.ErrExist) {
		return unsafeError(u.file, "%q is in it twice", h.Name)
	}
	if err != nil {
		return unpackError(name, err)
	}
	n, err := io.Copy(trackedWriter{out}, io.LimitReader(content, u.left.Bytes+1))
	u.left.Bytes -= n
	if err == nil {
		err = out.Sync()
	}
	if closeErr := out.Close(); err == nil {
		err = closeErr
	}
	var w writeError
	switch {
	case errors.As(err, &w):
		return unpackError(name, w.error)
	case err != nil:
		return damagedError(u.file, err)
	case u.left.Bytes < 0:
		return tooLargeError(u.file, "it unpacks to more than the limit")
	}
	return nil
}

// trackedWriter marks its errors, to tell errors of the disk from errors of the
// archive.
type trackedWriter struct{ io.Writer }

type writeError struct{ error }

func (t trackedWriter) Write(p []byte) (int, error) {
	n, err := t.Writer.Write(p)
	if err != nil {
		err = writeError{err}
	}
	return n, err
}

// damagedError returns the fault of an archive that cannot be read.
func damagedError(file string, err error) error {
	return fault.New("archive-invalid", "%s is not a complete gzipped tar archive: %w", file, err).
		WithHint("it was cut or is something else; fetch it again")
}

// unsafeError returns the fault of an archive that may do harm.
func unsafeError(file, format string, args ...any) error {
	f := fault.New("archive-unsafe", format, args...)
	f.Message = file + " is refused: " + f.Message
	return f.WithHint("an honest release has no such thing; do not use it, and tell its publisher")
}

// tooLargeError returns the fault of an archive beyond the limits.
func tooLargeError(file, what string) error {
	return fault.New("archive-too-large", "%s is refused: %s", file, what).
		WithHint("an honest release is far below it; do not use this one")
}

// unpackError returns the fault of a failed write.
func unpackError(name string, err error) error {
	return fault.New("unpack-failed", "unpack %s: %w", name, err).
		WithHint("free space and make the folder writable; nothing was installed")
}
