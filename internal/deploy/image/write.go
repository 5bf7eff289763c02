package image

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// layoutMarker is the file oci-layout.
var layoutMarker = []byte(`{"imageLayoutVersion":"1.0.0"}`)

// loadEntry is an image in manifest.json, by which docker load finds it in an archive.
type loadEntry struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// layoutFiles returns the files of the layout with their paths in it, in the order of the archive.
func (a *assembled) layoutFiles() ([]file, error) {
	top, err := json.Marshal(index{2, typeIndex, []descriptor{a.manifest}})
	if err != nil {
		return nil, err
	}
	files := []file{{"oci-layout", 0o644, 0, layoutMarker}, {"index.json", 0o644, 0, top},
		{"blobs/", 0o755, 0, nil}, {"blobs/sha256/", 0o755, 0, nil}}
	for _, digest := range a.order {
		files = append(files, file{blobPath(digest), 0o644, 0, a.blobs[digest]})
	}
	return files, nil
}

// blobPath returns where a layout has a blob.
func blobPath(digest string) string { return "blobs/" + strings.Replace(digest, ":", "/", 1) }

// archive returns the layout with manifest.json as a tar.
func (a *assembled) archive(files []file, epoch time.Time) ([]byte, error) {
	entry := loadEntry{Config: blobPath(a.config.Digest), RepoTags: []string{a.reference}}
	for _, layer := range a.layers {
		entry.Layers = append(entry.Layers, blobPath(layer.Digest))
	}
	list, err := json.Marshal([]loadEntry{entry})
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, f := range append(files, file{"manifest.json", 0o644, 0, list}) {
		if err := addFile(w, f, epoch); err != nil {
			return nil, err
		}
	}
	err = w.Close()
	return out.Bytes(), err
}

// write writes the layout and the archive into dir, whole or not at all, and returns the size
// of the archive.
func (a *assembled) write(dir string, epoch time.Time) (int64, error) {
	files, err := a.layoutFiles()
	if err != nil {
		return 0, err
	}
	tarred, err := a.archive(files, epoch)
	if err != nil {
		return 0, err
	}
	if err := replaceFolder(dir, files, tarred); err != nil {
		return 0, fault.Unwritable("write-failed", dir, err, "")
	}
	return int64(len(tarred)), nil
}

// replaceFolder writes the files beside dir and then puts them in its place.
func replaceFolder(dir string, files []file, archive []byte) (err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil { //nolint:gosec // an image is no secret
		return err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+"-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(fresh)) }()
	made := filepath.Join(fresh, "image")
	if err := writeFiles(made, files, archive); err != nil {
		return err
	}
	if err := os.Rename(dir, filepath.Join(fresh, "old")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.Rename(made, dir)
}

// writeFiles writes the layout and the archive into a new folder, synced.
func writeFiles(dir string, files []file, archive []byte) error {
	for _, f := range append([]file{{"../", 0o755, 0, nil}, {"", 0o755, 0, nil}}, files...) {
		path := filepath.Join(dir, "oci", filepath.FromSlash(f.name))
		if f.data == nil {
			if err := os.MkdirAll(path, 0o755); err != nil { //nolint:gosec // an image is no secret
				return err
			}
			continue
		}
		if err := writeSynced(path, f.data); err != nil {
			return err
		}
	}
	return writeSynced(filepath.Join(dir, "flowgate.tar"), archive)
}

// writeSynced writes a new file that outlives a crash of the machine.
func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // an image is no secret
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
