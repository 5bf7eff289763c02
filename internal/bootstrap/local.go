package bootstrap

import (
	"cmp"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/store"
)

// prepareLocal returns the install to add for an archive or a binary on this machine. Faults:
// source-not-found, checksum-mismatch, platform-wrong, program-unrecognised.
func (r Request) prepareLocal(ctx context.Context) (store.NewInstall, error) {
	path, err := findProgram(r.From)
	if err != nil {
		return store.NewInstall{}, fault.Usage("source-not-found", "-from=%s: %w", r.From, err).
			WithHint("give a path, or a name that is on PATH")
	}
	sum, err := safefile.SHA256(path)
	if err != nil {
		return store.NewInstall{}, fault.Usage("source-not-found", "-from=%s: %w", r.From, err).
			WithHint("give an archive or a program")
	}
	if want := strings.TrimPrefix(strings.ToLower(r.SHA256), "sha256:"); want != "" && want != sum {
		return store.NewInstall{}, fault.New("checksum-mismatch", "%s has SHA-256 %s, not %s", path, sum, want).
			WithHint("it is another file or damaged; nothing was installed")
	}
	if strings.HasSuffix(path, ".tar.gz") || strings.HasSuffix(path, ".tgz") {
		n := r.installFromArchive(path, r.Version, sum)
		n.Version = cmp.Or(r.Version, parseArchiveVersion(filepath.Base(path)))
		n.Source = "file " + path
		return n, nil
	}
	if err := store.CheckPlatform(path); err != nil {
		return store.NewInstall{}, err
	}
	version, err := r.localVersion(ctx, path)
	if err != nil {
		return store.NewInstall{}, err
	}
	n := store.NewInstall{
		Name:    r.Runtime,
		Version: version,
		Digest:  "sha256:" + sum,
		Source:  "file " + path,
		Binary:  runtimestore.BinaryNames()[0],
	}
	n.Fill = func(_ context.Context, dir string, n *store.NewInstall) error {
		return copyProgram(path, filepath.Join(dir, n.Binary))
	}
	return n, nil
}

// localVersion returns the version that the user named, or else the one that the program
// reports. Fault: program-unrecognised.
func (r Request) localVersion(ctx context.Context, path string) (string, error) {
	if r.Version != "" {
		return r.Version, nil
	}
	version := reportedVersion(ctx, path)
	if version == unknownVersion {
		return "", fault.New("program-unrecognised",
			"-from=%s: the program does not print CLIProxyAPI's version when it is asked for -help", path).
			WithHint("give the program of CLIProxyAPI; for one that prints no version, name it with -version=…")
	}
	return version, nil
}

// parseArchiveVersion returns the version in an archive's name, such as
// CLIProxyAPI_6.9.1_linux_amd64.tar.gz, or unknownVersion if it has none.
func parseArchiveVersion(name string) string {
	parts := strings.Split(name, "_")
	if len(parts) >= 4 && parts[1] != "" && parts[1][0] >= '0' && parts[1][0] <= '9' {
		return parts[1]
	}
	return unknownVersion
}

// copyProgram copies a program to a file that must not exist yet. Fault: unpack-failed.
func copyProgram(from, to string) error {
	in, err := safefile.Open(from)
	if err != nil {
		return fault.New("unpack-failed", "%w", err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o700) //nolint:gosec // a program is executable
	if err == nil {
		_, err = io.Copy(out, in)
		if syncErr := out.Sync(); err == nil {
			err = syncErr
		}
		if closeErr := out.Close(); err == nil {
			err = closeErr
		}
	}
	if err != nil {
		return fault.New("unpack-failed", "copy %s: %w", from, err).WithHint("free space; nothing was installed")
	}
	return nil
}
