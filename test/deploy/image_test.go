package deploy_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/flowgate-go/flowgate/internal/deploy/image"
	"github.com/flowgate-go/flowgate/internal/subprocess"
)

// shared is a folder of all tests of this package, which TestMain removes.
var shared string

// loadImage returns the archive of the image that deploy:image makes of the compiled program, made once.
var loadImage = sync.OnceValues(func() (map[string][]byte, error) {
	program, err := subprocess.CompileFlowGate(context.Background(), "../..", shared)
	if err != nil {
		return nil, err
	}
	made, err := image.Write(image.Options{Program: program, Version: "0.0.0", Dir: filepath.Join(shared, "image")})
	if err != nil {
		return nil, err
	}
	file, err := os.Open(made.Archive)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	all := map[string][]byte{}
	err = readTar(file, func(h *tar.Header, text []byte) error {
		all[h.Name] = text
		return nil
	})
	return all, err
})

// readTar calls take for each file of an archive.
func readTar(from io.Reader, take func(*tar.Header, []byte) error) error {
	r := tar.NewReader(from)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		if err := take(h, text); err != nil {
			return err
		}
	}
}

// unpackImage unpacks the image into a folder and returns its variables.
func unpackImage(t *testing.T, root string) []string {
	t.Helper()
	archive, err := loadImage()
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Config string
		Layers []string
	}
	if err := json.Unmarshal(archive["manifest.json"], &list); err != nil || len(list) != 1 {
		t.Fatalf("%v: %s", err, archive["manifest.json"])
	}
	for _, layer := range list[0].Layers {
		unpacked, err := gzip.NewReader(bytes.NewReader(archive[layer]))
		if err == nil {
			err = readTar(unpacked, func(h *tar.Header, text []byte) error { return unpackFile(root, h, text) })
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var settings struct{ Config struct{ Env []string } }
	if err := json.Unmarshal(archive[list[0].Config], &settings); err != nil || len(settings.Config.Env) == 0 {
		t.Fatalf("%v: %s", err, archive[list[0].Config])
	}
	return settings.Config.Env
}

// unpackFile writes a file or a folder of a layer.
func unpackFile(root string, h *tar.Header, text []byte) error {
	path := filepath.Join(root, filepath.FromSlash(h.Name))
	if strings.HasSuffix(h.Name, "/") {
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
	} else if err := os.WriteFile(path, text, 0o755); err != nil {
		return err
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(path, h.Uid, h.Gid); err != nil {
			return err
		}
	}
	return os.Chmod(path, h.FileInfo().Mode().Perm())
}
