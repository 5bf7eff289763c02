package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// content is what an image is made of.
type content struct {
	program, authorities, bill []byte
	arch, version, revision    string
	epoch                      time.Time
}

// Media types of the OCI image specification.
const (
	typeIndex    = "application/vnd.oci.image.index.v1+json"
	typeManifest = "application/vnd.oci.image.manifest.v1+json"
	typeConfig   = "application/vnd.oci.image.config.v1+json"
	typeLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// descriptor names a blob.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Platform    *platform         `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
}

// manifest is an OCI image manifest.
type manifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	Config        descriptor        `json:"config"`
	Layers        []descriptor      `json:"layers"`
	Annotations   map[string]string `json:"annotations"`
}

// index is an OCI image index.
type index struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Manifests     []descriptor `json:"manifests"`
}

// imageConfig is an OCI image configuration.
type imageConfig struct {
	Created      string    `json:"created"`
	Architecture string    `json:"architecture"`
	OS           string    `json:"os"`
	Config       execution `json:"config"`
	RootFS       rootFS    `json:"rootfs"`
	History      []history `json:"history"`
}

// execution says how the image is run.
type execution struct {
	User         string              `json:"User"`
	ExposedPorts map[string]struct{} `json:"ExposedPorts"`
	Env          []string            `json:"Env"`
	Entrypoint   []string            `json:"Entrypoint"`
	Cmd          []string            `json:"Cmd"`
	WorkingDir   string              `json:"WorkingDir"`
	Labels       map[string]string   `json:"Labels"`
	StopSignal   string              `json:"StopSignal"`
}

type rootFS struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diff_ids"`
}

type history struct {
	Created   string `json:"created"`
	CreatedBy string `json:"created_by"`
}

// assembled is an image before it is written.
type assembled struct {
	reference string
	blobs     map[string][]byte // by digest
	order     []string          // digests in the order in which they were made
	manifest  descriptor
	config    descriptor
	layers    []descriptor
}

// assemble makes the blobs of an image: a layer of what rarely changes, a layer of the
// program, the configuration, the manifest.
func assemble(c content) (*assembled, error) {
	a := &assembled{reference: Reference(c.version), blobs: map[string][]byte{}}
	created := c.epoch.Format(time.RFC3339)
	config := imageConfig{
		Created: created, Architecture: c.arch, OS: "linux", Config: c.execution(), RootFS: rootFS{Type: "layers"},
	}
	for _, layer := range [...]struct {
		what  string
		files []file
	}{{"certificates and users", c.baseFiles()}, {"program", c.programFiles()}} {
		plain, packed, err := packLayer(layer.files, c.epoch)
		if err != nil {
			return nil, fmt.Errorf("pack the %s: %w", layer.what, err)
		}
		a.layers = append(a.layers, a.add(typeLayer, packed))
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, digestOf(plain))
		config.History = append(config.History, history{created, "flowgate deploy:image (" + layer.what + ")"})
	}
	if err := a.finish(config, c); err != nil {
		return nil, err
	}
	return a, nil
}

// finish adds the configuration and the manifest.
func (a *assembled) finish(config imageConfig, c content) error {
	raw, err := json.Marshal(config)
	if err != nil {
		return err
	}
	a.config = a.add(typeConfig, raw)
	raw, err = json.Marshal(manifest{2, typeManifest, a.config, a.layers, c.labels()})
	if err != nil {
		return err
	}
	a.manifest = a.add(typeManifest, raw)
	a.manifest.Platform = &platform{c.arch, "linux"}
	_, tag, _ := strings.Cut(a.reference, ":")
	a.manifest.Annotations = map[string]string{
		"org.opencontainers.image.ref.name": tag,
		"io.containerd.image.name":          "docker.io/library/" + a.reference, // what docker load names it by
	}
	return nil
}

// add adds a blob and returns what names it.
func (a *assembled) add(mediaType string, blob []byte) descriptor {
	d := descriptor{MediaType: mediaType, Digest: digestOf(blob), Size: len(blob)}
	if a.blobs[d.Digest] == nil {
		a.order = append(a.order, d.Digest)
	}
	a.blobs[d.Digest] = blob
	return d
}

// digestOf returns the digest of a blob as images write it.
func digestOf(blob []byte) string {
	sum := sha256.Sum256(blob)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// labels returns what the image says of itself, by the names of the OCI specification.
func (c content) labels() map[string]string {
	labels := map[string]string{
		"org.opencontainers.image.title":         "FlowGate",
		"org.opencontainers.image.description":   "A router for language models in the manner of LiteLLM's proxy",
		"org.opencontainers.image.version":       c.version,
		"org.opencontainers.image.source":        "https://github.com/flowgate-go/flowgate",
		"org.opencontainers.image.documentation": "https://github.com/flowgate-go/flowgate/blob/main/docs/deploy.md",
		"org.opencontainers.image.licenses":      "MIT",
		"dev.flowgate.sbom":                      "/" + billPath,
		"dev.flowgate.certificates.digest":       digestOf(c.authorities),
	}
	if c.revision != "" {
		labels["org.opencontainers.image.revision"] = c.revision
	}
	return labels
}

// execution returns how the image is run: as a supervisor with its services, or as whatever
// target takes the place of Cmd.
func (c content) execution() execution {
	user := strconv.Itoa(userID)
	return execution{
		User: user + ":" + user, ExposedPorts: map[string]struct{}{"4000/tcp": {}},
		Env:        []string{"PATH=/", "HOME=/" + homePath, "FLOWGATE_PROGRAM=flowgate"},
		Entrypoint: []string{"/" + programPath}, Cmd: []string{"supervisor:run", "-up"},
		WorkingDir: "/" + homePath, Labels: c.labels(), StopSignal: "SIGTERM",
	}
}

// file is one entry of a layer; without data and ending in a slash it is a folder.
type file struct {
	name string
	mode int64
	user int
	data []byte
}

// baseFiles returns what rarely changes.
func (c content) baseFiles() []file {
	id := strconv.Itoa(userID)
	return []file{
		{"etc/", 0o755, 0, nil},
		{"etc/group", 0o644, 0, []byte("root:x:0:\nflowgate:x:" + id + ":\n")},
		{"etc/passwd", 0o644, 0, []byte("root:x:0:0:root:/:/nologin\nflowgate:x:" + id + ":" + id + ":FlowGate:/" + homePath +
			":/nologin\n")},
		{"etc/ssl/", 0o755, 0, nil},
		{"etc/ssl/certs/", 0o755, 0, nil},
		{certificatePath, 0o644, 0, c.authorities},
		{"home/", 0o755, 0, nil},
		{homePath + "/", 0o700, userID, nil},
		{"tmp/", 0o1777, 0, nil},
	}
}

// programFiles returns the program and what it consists of.
func (c content) programFiles() []file {
	return []file{
		{programPath, 0o755, 0, c.program},
		{"usr/", 0o755, 0, nil},
		{"usr/share/", 0o755, 0, nil},
		{"usr/share/doc/", 0o755, 0, nil},
		{"usr/share/doc/flowgate/", 0o755, 0, nil},
		{billPath, 0o644, 0, c.bill},
	}
}

// compression is gzip's level for layers. The program is 2 % larger than with the default, and packed in 60 % of the
// time.
const compression = 4

// packLayer returns files as a tar, and that compressed.
func packLayer(files []file, epoch time.Time) (plain, packed []byte, err error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, f := range files {
		if err := addFile(w, f, epoch); err != nil {
			return nil, nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, nil, err
	}
	var small bytes.Buffer
	zip, err := gzip.NewWriterLevel(&small, compression)
	if err != nil {
		return nil, nil, err
	}
	_, err = zip.Write(out.Bytes())
	err = errors.Join(err, zip.Close())
	return out.Bytes(), small.Bytes(), err
}

// addFile writes one entry of a tar.
func addFile(w *tar.Writer, f file, epoch time.Time) error {
	h := &tar.Header{
		Name: f.name, Mode: f.mode, Uid: f.user, Gid: f.user, Size: int64(len(f.data)), Typeflag: tar.TypeReg,
		ModTime: epoch, Format: tar.FormatUSTAR,
	}
	if strings.HasSuffix(f.name, "/") {
		h.Typeflag = tar.TypeDir
	}
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	_, err := w.Write(f.data)
	return err
}
