package image_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"debug/elf"
	"debug/macho"
	"encoding/binary"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/deploy/image"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// compileTiny compiles a program of one line for Linux and amd64. All tests share it: to compile one for another
// processor is to compile Go's runtime for it.
var compileTiny = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "flowgate-tiny-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for name, text := range map[string]string{"go.mod": "module example.com/tiny\n\ngo 1.26\n",
		"main.go": "package main\n\nfunc main() {}\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", "tiny", ".")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOFLAGS=-buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	return os.ReadFile(filepath.Join(dir, "tiny"))
})

// program returns the path of a program for Linux whose ELF header names a processor.
func program(t *testing.T, machine elf.Machine) string {
	t.Helper()
	tiny, err := compileTiny()
	if err != nil {
		t.Fatal(err)
	}
	const offsetOfMachine = 18
	b := bytes.Clone(tiny)
	binary.LittleEndian.PutUint16(b[offsetOfMachine:], uint16(machine))
	return write(t, "tiny", string(b))
}

// machProgram returns the path of what begins as a program for macOS does.
func machProgram(t *testing.T) string {
	t.Helper()
	header := binary.LittleEndian.AppendUint32(nil, macho.Magic64)
	header = binary.LittleEndian.AppendUint32(header, uint32(macho.CpuArm64))
	return write(t, "tiny", string(append(header, make([]byte, 4096)...)))
}

// certificate returns a new certificate in PEM.
func certificate(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// readTree returns the files below dir by their paths.
func readTree(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		found[rel] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestEqualProgramsAndCertificatesGiveEqualImages(t *testing.T) {
	t.Parallel()
	amd64, one, two := program(t, elf.EM_X86_64), certificate(t), certificate(t)
	dir := t.TempDir()
	var trees []map[string]string
	for i, bundle := range []string{one + two, "# a comment\n" + two + one + two} {
		made, err := image.Write(image.Options{Program: amd64, Version: "1.2.3", Dir: filepath.Join(dir, fmt.Sprint(i)),
			Certificates: write(t, "ca.pem", bundle)})
		if err != nil || made.Authorities != 2 || made.Platform != "linux/amd64" {
			t.Fatalf("%+v, %v", made, err)
		}
		trees = append(trees, readTree(t, filepath.Join(dir, fmt.Sprint(i))))
	}
	if len(trees[0]) != 7 || fmt.Sprint(trees[0]) != fmt.Sprint(trees[1]) {
		t.Errorf("%d and %d files differ", len(trees[0]), len(trees[1]))
	}
	made, err := image.Write(image.Options{Program: amd64, Version: "1.2.3", Dir: filepath.Join(dir, "1"),
		Certificates: write(t, "ca.pem", one)})
	if err != nil || made.Authorities != 1 {
		t.Fatalf("replace: %+v, %v", made, err)
	}
	if replaced := readTree(t, filepath.Join(dir, "1")); len(replaced) != 7 ||
		replaced["flowgate.tar"] == trees[1]["flowgate.tar"] {
		t.Error("the image was not replaced whole")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

func TestADateIsWrittenOnlyWhenItIsGiven(t *testing.T) {
	t.Parallel()
	o := image.Options{Program: program(t, elf.EM_AARCH64), Version: "1.2.3+abc", Dir: filepath.Join(t.TempDir(), "image"),
		Certificates: write(t, "ca.pem", certificate(t))}
	for epoch, want := range map[string]string{"": "1970-01-01T00:00:00Z", "1700000000": "2023-11-14T22:13:20Z"} {
		o.Epoch = epoch
		made, err := image.Write(o)
		if err != nil || made.Reference != "flowgate:1.2.3-abc" || made.Platform != "linux/arm64" {
			t.Fatalf("%+v, %v", made, err)
		}
		config, times := inspect(t, made.Archive)
		if config != want || len(times) != 1 || !times[want] {
			t.Errorf("SOURCE_DATE_EPOCH=%q: created %s, files of %v", epoch, config, times)
		}
	}
}

// inspect returns when the image of an archive was created, and the times of its files.
func inspect(t *testing.T, archive string) (created string, times map[string]bool) {
	t.Helper()
	raw, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	times = map[string]bool{}
	note := func(h *tar.Header) { times[h.ModTime.UTC().Format(time.RFC3339)] = true }
	walk(t, bytes.NewReader(raw), func(h *tar.Header, data []byte) {
		note(h)
		var config struct{ Created string }
		if err := json.Unmarshal(data, &config); err == nil && config.Created != "" {
			created = config.Created
		}
		if zip, err := gzip.NewReader(bytes.NewReader(data)); err == nil {
			walk(t, zip, func(h *tar.Header, _ []byte) { note(h) })
		}
	})
	return created, times
}

func walk(t *testing.T, r io.Reader, visit func(*tar.Header, []byte)) {
	t.Helper()
	for files := tar.NewReader(r); ; {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(files)
		if err != nil {
			t.Fatal(err)
		}
		visit(h, data)
	}
}

func TestWhatNoImageCanBeMadeOfIsRefusedAndNothingIsWritten(t *testing.T) {
	t.Parallel()
	good, ca := program(t, elf.EM_X86_64), certificate(t)
	key := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("secret")}))
	for name, c := range map[string]struct {
		change func(*image.Options)
		code   string
		text   string
	}{
		"a dynamic program": {func(o *image.Options) { o.Program = "/bin/sh" }, "image-program-unfit", "/bin/sh"},
		"another system":    {func(o *image.Options) { o.Program = machProgram(t) }, "image-program-unfit", "not a program for Linux"},
		"another processor": {func(o *image.Options) { o.Program = program(t, elf.EM_386) }, "image-program-unfit", "EM_386"},
		"a text":            {func(o *image.Options) { o.Program = write(t, "x", "#!/bin/sh\n") }, "image-program-unfit", "not a program for Linux"},
		"nothing there":     {func(o *image.Options) { o.Program = "/no/such" }, "image-program-unfit", "/no/such"},
		"a folder":          {func(o *image.Options) { o.Certificates = "/" }, "image-certificates-invalid", "not a regular file"},
		"a key among them":  {func(o *image.Options) { o.Certificates = write(t, "x", ca+key) }, "image-certificates-invalid", `"PRIVATE KEY"`},
		"a torn one": {func(o *image.Options) {
			o.Certificates = write(t, "x", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")})))
		}, "image-certificates-invalid", "something else"},
		"no certificate": {func(o *image.Options) { o.Certificates = write(t, "x", "text") }, "image-certificates-invalid", "no certificate"},
		"a date":         {func(o *image.Options) { o.Epoch = "yesterday" }, "epoch-invalid", "yesterday"},
		"before 1970":    {func(o *image.Options) { o.Epoch = "-1" }, "epoch-invalid", "-1"},
		"beyond the tar": {func(o *image.Options) { o.Epoch = "8589934592" }, "epoch-invalid", "8589934592"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := image.Options{Program: good, Version: "1.0.0", Dir: filepath.Join(t.TempDir(), "image"),
				Certificates: write(t, "ca.pem", ca)}
			c.change(&o)
			_, err := image.Write(o)
			if f := fault.From(err); f == nil || f.Code != c.code || !strings.Contains(f.Message, c.text) || f.Exit == 0 ||
				f.Hint == "" && name != "nothing there" {
				t.Errorf("%#v", f)
			}
			if strings.Contains(fmt.Sprint(err), "secret") {
				t.Errorf("the key is shown: %v", err)
			}
			if _, err := os.Stat(o.Dir); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("something was written: %v", err)
			}
		})
	}
}

func TestAFolderOfOtherFilesIsLeftAlone(t *testing.T) {
	t.Parallel()
	o := image.Options{Program: program(t, elf.EM_X86_64), Version: "1.0.0", Certificates: write(t, "ca.pem", certificate(t))}
	o.Dir = filepath.Dir(write(t, "mine.txt", "mine"))
	if _, err := image.Write(o); !fault.HasCode(err, "deploy-file-foreign") {
		t.Errorf("%v", err)
	}
	if got := readTree(t, o.Dir); len(got) != 1 || got["mine.txt"] != "mine" {
		t.Errorf("%v", got)
	}
	o.Dir = filepath.Join(t.TempDir(), "image")
	if _, err := image.Write(o); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(o.Dir, "mine.txt"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := image.Write(o); !fault.HasCode(err, "deploy-file-foreign") {
		t.Errorf("an image beside somebody's file: %v", err)
	}
}
