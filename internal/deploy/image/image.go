// Package image makes a container image of FlowGate from its own program, without a daemon and
// without a network: an OCI image layout (https://github.com/opencontainers/image-spec, v1.1)
// and the same as an archive that docker load and podman load take. Call Write.
//
// The image holds the program, certificates of authorities, two users and a bill of materials,
// and no shell. Equal programs and certificates give equal bytes: no time, no name of a machine
// and no folder gets in. It executes nothing and reads nothing of the working folder.
package image

import (
	"bytes"
	"debug/buildinfo"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/release"
)

// Options say what Write makes an image of.
type Options struct {
	Program      string // path of the program, a static one for Linux
	Version      string
	Certificates string // PEM file of authorities; "": the first bundle of this system
	Epoch        string // SOURCE_DATE_EPOCH: seconds since 1970 that files and image are dated; "": 0
	Dir          string // folder to write
}

// Image is what was written.
type Image struct {
	Reference    string `json:"reference"` // as docker load and podman load name it
	Layout       string `json:"layout"`    // folder of the OCI image layout
	Archive      string `json:"archive"`   // for docker load and podman load
	Platform     string `json:"platform"`
	Digest       string `json:"digest"` // of the image's manifest
	Bytes        int64  `json:"bytes"`  // of the archive
	Authorities  int    `json:"authorities"`
	Certificates string `json:"certificates"` // file that they are from
}

// The image's user, who is nobody on the machine that runs it, and whose number other
// images without root use as well.
const userID = 65532

// Paths in the image.
const (
	programPath     = "flowgate"
	certificatePath = "etc/ssl/certs/ca-certificates.crt" // where Go looks first
	billPath        = "usr/share/doc/flowgate/flowgate.cdx.json"
	homePath        = "home/flowgate"
)

// Write writes the image into Dir: oci, the layout, and flowgate.tar. It replaces an image that
// is there. Faults: image-program-unfit, image-certificates-invalid, epoch-invalid,
// deploy-file-foreign, flag-invalid, write-failed.
func Write(o Options) (Image, error) {
	if o.Dir == "" { // no default: nothing is written into a folder that only happens to be the working one
		return Image{}, fault.Usage("flag-invalid", "deploy:image needs the folder to write the image to").
			WithHint("mage deploy:image -out=image")
	}
	epoch, err := parseEpoch(o.Epoch)
	if err != nil {
		return Image{}, err
	}
	if err := checkFolder(o.Dir); err != nil {
		return Image{}, err
	}
	program, arch, err := readProgram(o.Program)
	if err != nil {
		return Image{}, err
	}
	authorities, err := readAuthorities(o.Certificates)
	if err != nil {
		return Image{}, err
	}
	bill, err := release.MakeBillOfMaterials(o.Program, o.Version)
	if err != nil {
		return Image{}, fault.Usage("image-program-unfit", "read what %s was built from: %w", o.Program, err)
	}
	made, err := assemble(content{
		program: program, authorities: authorities.pem, bill: bill, arch: arch, version: o.Version,
		revision: revisionOf(o.Program), epoch: epoch,
	})
	if err != nil {
		return Image{}, fault.New("write-failed", "make the image: %w", err)
	}
	done := Image{
		Reference: made.reference, Layout: filepath.Join(o.Dir, "oci"), Archive: filepath.Join(o.Dir, "flowgate.tar"),
		Platform: "linux/" + arch, Digest: made.manifest.Digest,
		Authorities: authorities.count, Certificates: authorities.file,
	}
	done.Bytes, err = made.write(o.Dir, epoch)
	return done, err
}

// Reference returns the name of the image of a version.
func Reference(version string) string {
	return "flowgate:" + strings.ReplaceAll(version, "+", "-") // a tag holds no +
}

// parseEpoch returns the time of SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch).
func parseEpoch(text string) (time.Time, error) {
	const last = 1<<33 - 1 // the year 2242, which the tar format's 11 octal digits hold
	if text == "" {
		return time.Unix(0, 0).UTC(), nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds < 0 || seconds > last {
		return time.Time{}, fault.Usage("epoch-invalid", "SOURCE_DATE_EPOCH=%q is not a number of seconds since 1970", text).
			WithHint("unset it, or give a number: SOURCE_DATE_EPOCH=$(git log -1 --format=%%ct)")
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// revisionOf returns the commit that the program was built from, "" when it does not say.
func revisionOf(path string) string {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}

// checkFolder returns the fault deploy-file-foreign when dir has other files than an image, and write-failed when it
// cannot be a folder.
func checkFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.Unwritable("write-failed", dir, err, "")
	}
	if len(entries) == 0 || isImage(dir) {
		return nil
	}
	return fault.Usage("deploy-file-foreign", "%s holds other files than an image", dir).
		WithHint("name a new folder with -out=DIR, or remove this one")
}

// isImage reports whether a folder holds an image that Write has written, and nothing else.
func isImage(dir string) bool {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 2 {
		return false
	}
	for _, e := range entries {
		if e.Name() != "oci" && e.Name() != "flowgate.tar" {
			return false
		}
	}
	marker, err := os.ReadFile(filepath.Join(dir, "oci", "oci-layout"))
	return err == nil && bytes.Equal(marker, layoutMarker)
}
