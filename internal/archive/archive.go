// Package archive unpacks archives that may be malicious. Extract writes regular files
// and folders below one folder; when it fails, its caller removes that folder.
//
// It never follows or makes a link, never sets a file's owner, gives permissions to the
// owner only, and stops at its limits.
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

// Limits are the limits of what an archive may contain. The real archives of CLIProxyAPI
// have five files and 60 MB.
type Limits struct {
	Bytes int64 // all files together
	Files int   // files and folders
}

// Extract unpacks the gzipped tar file into dir, which must exist and be empty. The zero
// Limits mean 1 GB and 10,000 files. Faults: archive-invalid, archive-unsafe,
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
		return unpackFault(dir, err)
	}
	defer root.Close()
	u := unpacker{file: file, root: root, remaining: l}
	for entries := tar.NewReader(unpacked); ; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return u.checkEnd(unpacked)
		}
		if err != nil {
			return damagedFault(file, err)
		}
		if err := u.writeEntry(header, entries); err != nil {
			return err
		}
	}
}

// openGzip returns a reader of the unpacked content. It recognises a web page, which a proxy
// or an expired link delivers instead of an archive. Fault: archive-invalid.
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
		return nil, damagedFault(file, err)
	}
	return unpacked, nil
}

// unpacker writes the entries of one archive.
type unpacker struct {
	file      string
	root      *os.Root
	remaining Limits
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
		return unsafeFault(u.file, "%q leads outside of the folder", h.Name)
	}
	if u.remaining.Files--; u.remaining.Files < 0 {
		return tooLargeFault(u.file, "it contains more files than the limit")
	}
	switch h.Typeflag {
	case tar.TypeDir:
		return u.makeFolder(name)
	case tar.TypeReg:
		return u.writeFile(name, h, content)
	case tar.TypeSymlink, tar.TypeLink:
		return unsafeFault(u.file, "%q is a link to %q", h.Name, h.Linkname)
	}
	return unsafeFault(u.file, "%q is a device, a pipe or something unknown (type %q)", h.Name, h.Typeflag)
}

// checkEnd reads the rest after the last entry, so that gzip's checksum is compared.
func (u *unpacker) checkEnd(rest io.Reader) error {
	const padding = 1 << 20
	n, err := io.Copy(io.Discard, io.LimitReader(rest, padding+1))
	switch {
	case err != nil:
		return damagedFault(u.file, err)
	case n > padding:
		return tooLargeFault(u.file, "there is more data after its last entry")
	}
	return nil
}

// makeFolder makes a folder and its parents.
func (u *unpacker) makeFolder(name string) error {
	if name == "." || name == "" {
		return nil
	}
	if err := u.root.MkdirAll(name, 0o700); err != nil {
		return unpackFault(name, err)
	}
	return nil
}

// writeFile writes a regular file.
func (u *unpacker) writeFile(name string, h *tar.Header, content io.Reader) error {
	if h.Size > u.remaining.Bytes {
		return tooLargeFault(u.file, "it unpacks to more than the limit")
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
		return unsafeFault(u.file, "it contains %q twice", h.Name)
	}
	if err != nil {
		return unpackFault(name, err)
	}
	n, err := io.Copy(markingWriter{out}, io.LimitReader(content, u.remaining.Bytes+1))
	u.remaining.Bytes -= n
	if err == nil {
		err = out.Sync()
	}
	if closeErr := out.Close(); err == nil {
		err = closeErr
	}
	var w writeError
	switch {
	case errors.As(err, &w):
		return unpackFault(name, w.error)
	case err != nil:
		return damagedFault(u.file, err)
	case u.remaining.Bytes < 0:
		return tooLargeFault(u.file, "it unpacks to more than the limit")
	}
	return nil
}

// markingWriter returns its errors as writeError, which distinguishes them from errors of
// the archive.
type markingWriter struct{ io.Writer }

// writeError is an error of writing a file.
type writeError struct{ error }

// Write implements io.Writer.
func (w markingWriter) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	if err != nil {
		err = writeError{err}
	}
	return n, err
}

// damagedFault returns the fault for an archive that cannot be read.
func damagedFault(file string, err error) error {
	return fault.New("archive-invalid", "%s is not a complete gzipped tar archive: %w", file, err).
		WithHint("it was cut short or is another kind of file; fetch it again")
}

// unsafeFault returns the fault for an archive that may do harm.
func unsafeFault(file, format string, args ...any) error {
	f := fault.New("archive-unsafe", format, args...)
	f.Message = file + " is refused: " + f.Message
	return f.WithHint("an honest release does not contain this; do not use it, and tell its publisher")
}

// tooLargeFault returns the fault for an archive beyond the limits.
func tooLargeFault(file, reason string) error {
	return fault.New("archive-too-large", "%s is refused: %s", file, reason).
		WithHint("an honest release is far below it; do not use this one")
}

// unpackFault returns the fault for a failed write.
func unpackFault(name string, err error) error {
	return fault.New("unpack-failed", "unpack %s: %w", name, err).
		WithHint("free space and make the folder writable; nothing was installed")
}
