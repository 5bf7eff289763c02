package image

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"slices"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// bundles are where systems keep the certificates of authorities, as in crypto/x509's
// root_linux.go and root_bsd.go; the last one is macOS's.
var bundles = [...]string{
	"/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Gentoo
	"/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, RHEL 6
	"/etc/ssl/ca-bundle.pem",                            // openSUSE
	"/etc/pki/tls/cacert.pem",                           // OpenELEC
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // CentOS, RHEL 7
	"/etc/ssl/cert.pem",                                 // Alpine, macOS
}

// authorities are the certificates of a bundle.
type authorities struct {
	file  string
	pem   []byte // each certificate once, by its bytes, without comments
	count int
}

// readAuthorities returns the certificates of a bundle in a form that depends on nothing but
// them; of the system's when no file is named. Fault: image-certificates-invalid.
func readAuthorities(file string) (authorities, error) {
	if file == "" {
		file = findBundle()
	}
	if file == "" {
		return authorities{}, fault.Usage("image-certificates-invalid", "this system has no bundle of certificates").
			WithHint("install ca-certificates, or name a bundle with -ca-file=FILE: the router's requests to providers need one")
	}
	raw, err := safefile.Read(file, safefile.DocumentLimit)
	if err != nil {
		return authorities{}, fault.Usage("image-certificates-invalid", "read the certificates: %w", err).
			WithHint("name a PEM file with -ca-file=FILE")
	}
	var all [][]byte
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		if _, err := x509.ParseCertificate(block.Bytes); block.Type != "CERTIFICATE" || err != nil {
			return authorities{}, fault.Usage("image-certificates-invalid",
				"%s holds something else than certificates: a block %q", file, block.Type).
				WithHint("name a PEM file of certificates with -ca-file=FILE; keys do not belong into an image")
		}
		all = append(all, block.Bytes)
	}
	if len(all) == 0 {
		return authorities{}, fault.Usage("image-certificates-invalid", "%s holds no certificate", file).
			WithHint("name a PEM file with -ca-file=FILE")
	}
	slices.SortFunc(all, bytes.Compare)
	all = slices.CompactFunc(all, bytes.Equal)
	var text bytes.Buffer
	for _, der := range all {
		_ = pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: der}) // a buffer takes everything
	}
	return authorities{file, text.Bytes(), len(all)}, nil
}

// findBundle returns the first bundle of this system, "" when it has none.
func findBundle() string {
	for _, path := range bundles {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	return ""
}
