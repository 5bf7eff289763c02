package release

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/subprocess"
)

// Platform is an operating system and a processor, as Go names them.
type Platform struct{ OS, Arch string }

// Platforms returns the platforms that a release is built for.
func Platforms() []Platform {
	return []Platform{{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}}
}

// Artifact is one file of a release.
type Artifact struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
	Bytes  int    `json:"bytes"`
}

// Built is the data of release:build.
type Built struct {
	Version   string     `json:"version"`
	Dir       string     `json:"dir"`
	Artifacts []Artifact `json:"artifacts"`
}

// Build writes a release of the source tree into dir: for each platform an archive with the
// program, its licence and the README, and a bill of materials; and checksums.txt. The same
// source and the same version of Go give the same bytes, in any folder and at any time. It
// writes progress and the compiler's output to log. Faults: source-missing, build-failed.
func Build(ctx context.Context, source, dir, version string, platforms []Platform, log io.Writer) (Built, error) {
	b := Built{Version: version, Dir: dir, Artifacts: []Artifact{}}
	if _, err := os.Stat(filepath.Join(source, "magefile.go")); err != nil {
		return b, fault.Usage("source-missing", "a release is built from FlowGate's own source, which is not in %s", source).
			WithHint("run it in a clone of the repository")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return b, buildFault(err)
	}
	for _, p := range platforms {
		fmt.Fprintf(log, "building for %s/%s\n", p.OS, p.Arch)
		artifacts, err := p.build(ctx, source, dir, version, log)
		if err != nil {
			return b, err
		}
		b.Artifacts = append(b.Artifacts, artifacts...)
	}
	var sums bytes.Buffer
	for _, a := range b.Artifacts {
		fmt.Fprintf(&sums, "%s  %s\n", a.SHA256, a.File)
	}
	_, err := writeArtifact(dir, "checksums.txt", sums.Bytes())
	return b, err
}

// build makes one platform's archive and bill of materials.
func (p Platform) build(ctx context.Context, source, dir, version string, log io.Writer) ([]Artifact, error) {
	temp, err := os.MkdirTemp("", "flowgate-release-*")
	if err != nil {
		return nil, buildFault(err)
	}
	defer func() { _ = os.RemoveAll(temp) }()
	binary := filepath.Join(temp, "flowgate") // mage writes this name into the program
	cmd := subprocess.Command(ctx, "go", "tool", "mage", "-compile", binary, "-goos", p.OS, "-goarch", p.Arch,
		"-ldflags=-s -w -buildid=")
	cmd.Dir, cmd.Stdout, cmd.Stderr = source, log, log
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-trimpath -buildvcs=false", "GOAMD64=v1", "GOARM64=v8.0")
	lock, err := subprocess.LockSource(ctx, source)
	if err == nil {
		err = errors.Join(cmd.Run(), lock.Close())
	}
	if err != nil {
		return nil, fault.New("build-failed", "compile for %s/%s: %w", p.OS, p.Arch,
			err).WithHint("the compiler's output is above; run mage test first")
	}
	files := map[string]string{"flowgate": binary, "LICENSE": filepath.Join(source, "LICENSE"),
		"README.md": filepath.Join(source, "README.md")}
	data, err := packFiles(files)
	if err != nil {
		return nil, buildFault(err)
	}
	name := strings.Join([]string{"flowgate", version, p.OS, p.Arch}, "_")
	archive, err := writeArtifact(dir, name+".tar.gz", data)
	if err != nil {
		return nil, err
	}
	bill, err := MakeBillOfMaterials(binary, version)
	if err != nil {
		return nil, buildFault(err)
	}
	sbom, err := writeArtifact(dir, name+".cdx.json", bill)
	return []Artifact{archive, sbom}, err
}

// packFiles returns a gzipped tar of the files, which are given by their names in it, without
// times and owners, so that equal files give equal archives.
func packFiles(files map[string]string) ([]byte, error) {
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	w := tar.NewWriter(zip)
	for _, name := range []string{"LICENSE", "README.md", "flowgate"} {
		data, err := os.ReadFile(files[name])
		if err != nil {
			return nil, err
		}
		mode := int64(0o644)
		if name == "flowgate" {
			mode = 0o755
		}
		h := &tar.Header{Name: name, Mode: mode, Size: int64(len(data)), Typeflag: tar.TypeReg, ModTime: time.Unix(0, 0),
			Format: tar.FormatUSTAR}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(data); err != nil {
			return nil, err
		}
	}
	err := errors.Join(w.Close(), zip.Close())
	return out.Bytes(), err
}

// writeArtifact writes one file of a release.
func writeArtifact(dir, name string, data []byte) (Artifact, error) {
	if err := renameio.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
		return Artifact{}, buildFault(err)
	}
	sum := sha256.Sum256(data)
	return Artifact{name, hex.EncodeToString(sum[:]), len(data)}, nil
}

// buildFault returns the fault for a failed step.
func buildFault(err error) error {
	return fault.New("build-failed", "make the release: %w", err).WithHint("free space and make the folder writable")
}
