package script_test

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	validity "github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/flowgate-go/flowgate/internal/rightstest"
)

// madeImage is an image as the compiled binary writes it.
type madeImage struct {
	Reference, Layout, Archive, Platform, Digest string // of the report; paths are absolute

	loaded v1.Image // what the layout holds
}

// makeImageOnce makes an image that all tests read: to pack the program and to validate the
// layers takes ten seconds of processor time.
var makeImageOnce = sync.OnceValues(makeImage)

// sharedImage returns the image that makeImageOnce makes.
func sharedImage(t *testing.T) madeImage {
	t.Helper()
	made, err := makeImageOnce()
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// makeImage has the compiled binary write its image into an empty folder, and loads it from
// its layout.
func makeImage() (made madeImage, err error) {
	dir, err := os.MkdirTemp(scratch, "image-")
	if err != nil {
		return made, err
	}
	cmd := exec.Command(binary, "deploy:image", "-out=image", "-jq", ".data")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return made, fmt.Errorf("%w: %s", err, out)
	}
	if err := json.Unmarshal(out, &made); err != nil {
		return made, fmt.Errorf("%w: %s", err, out)
	}
	made.Layout, made.Archive = filepath.Join(dir, made.Layout), filepath.Join(dir, made.Archive)
	index, err := layout.ImageIndexFromPath(made.Layout)
	if err != nil {
		return made, err
	}
	if err := validity.Index(index); err != nil {
		return made, fmt.Errorf("the layout is not valid: %w", err)
	}
	list, err := index.IndexManifest()
	if err != nil || len(list.Manifests) != 1 {
		return made, fmt.Errorf("%+v, %w", list, err)
	}
	made.loaded, err = index.Image(list.Manifests[0].Digest)
	return made, err
}

// TestTheImageIsWhatOtherToolsRead has go-containerregistry, which crane and ko are made of, read it.
func TestTheImageIsWhatOtherToolsRead(t *testing.T) {
	t.Parallel()
	made := sharedImage(t)
	image := made.loaded
	digest, err := image.Digest()
	if err != nil || digest.String() != made.Digest {
		t.Errorf("%s, %v; reported %s", digest, err, made.Digest)
	}
	tag, err := name.NewTag(made.Reference)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := tarball.ImageFromPath(made.Archive, &tag)
	if err != nil {
		t.Fatal(err)
	}
	if err := validity.Image(loaded); err != nil {
		t.Errorf("the archive is not valid: %v", err)
	}
	here, _ := image.ConfigName()
	if there, err := loaded.ConfigName(); err != nil || here != there {
		t.Errorf("%s in the layout and %s in the archive, %v", here, there, err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.Config.User != "65532:65532" || config.Config.Entrypoint[0] != "/flowgate" || config.OS != "linux" ||
		config.Config.Labels["org.opencontainers.image.version"] == "" || !config.Created.IsZero() && config.Created.Unix() != 0 {
		t.Errorf("%+v", config)
	}
}

// TestTheImageNamesWhatItConsistsOf reads the bill of materials that its label names.
func TestTheImageNamesWhatItConsistsOf(t *testing.T) {
	t.Parallel()
	unpacked := t.TempDir()
	image := sharedImage(t).loaded
	unpack(t, image, unpacked)
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(unpacked, config.Config.Labels["dev.flowgate.sbom"]))
	if err != nil {
		t.Fatal(err)
	}
	var bill struct {
		BOMFormat  string `json:"bomFormat"`
		Components []struct{ Name, Version string }
	}
	if err := json.Unmarshal(raw, &bill); err != nil || bill.BOMFormat != "CycloneDX" {
		t.Fatalf("%v: %s", err, raw)
	}
	names := map[string]bool{}
	for _, c := range bill.Components {
		names[c.Name] = c.Version != ""
	}
	if !names["std"] || !names["github.com/goccy/go-yaml"] {
		t.Errorf("%v", names)
	}
}

// TestTheImageRunsAsNobodyOnItsOwn runs smoke, which starts a stack, in the image's files only.
func TestTheImageRunsAsNobodyOnItsOwn(t *testing.T) {
	t.Parallel()
	if !rightstest.Mount(t) {
		return
	}
	unpacked := t.TempDir()
	image := sharedImage(t).loaded
	unpack(t, image, unpacked)
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(unpacked, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"/proc", "/dev"} { // as every runtime of containers mounts them
		mountInto(t, name, filepath.Join(unpacked, name))
	}
	cmd := exec.CommandContext(t.Context(), config.Config.Entrypoint[0], "smoke", "-jq=.ok, .summary.fail")
	cmd.Path, cmd.Dir, cmd.Env, cmd.Stderr = "/flowgate", config.Config.WorkingDir, config.Config.Env, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: unpacked}
	if os.Geteuid() == 0 {
		user, _, _ := strings.Cut(config.Config.User, ":")
		id, _ := strconv.Atoi(user)
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(id), Gid: uint32(id)}
	}
	out, err := cmd.Output()
	if err != nil || strings.Join(strings.Fields(string(out)), " ") != "true 0" {
		t.Errorf("%v: %s", err, out)
	}
}

// mountInto shows a folder at another path until the test ends.
func mountInto(t *testing.T, folder, path string) {
	t.Helper()
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount(folder, path, "", syscall.MS_BIND|syscall.MS_REC, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(path, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

// unpack writes the files of an image below dir.
func unpack(t *testing.T, image v1.Image, dir string) {
	t.Helper()
	flat := mutate.Extract(image)
	defer flat.Close()
	for files := tar.NewReader(flat); ; {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, h.Name)
		if h.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, 0o755)
		} else {
			err = writeFrom(path, files)
		}
		if os.Geteuid() == 0 {
			err = errors.Join(err, os.Chown(path, h.Uid, h.Gid))
		}
		if err := errors.Join(err, os.Chmod(path, h.FileInfo().Mode())); err != nil {
			t.Fatal(err)
		}
	}
}

func writeFrom(path string, from io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	raw, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	return os.WriteFile(path, raw, 0o600)
}
