package release

import (
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// cycloneDX is a CycloneDX 1.5 document, which lists the components of a program. It contains
// only what Go wrote into the program, so it is as reproducible as the program.
type cycloneDX struct {
	Format     string      `json:"bomFormat"`
	Spec       string      `json:"specVersion"`
	Version    int         `json:"version"`
	Metadata   metadata    `json:"metadata"`
	Components []component `json:"components"`
}

// metadata says which program a document describes.
type metadata struct {
	Component component `json:"component"`
}

// component is a program, a module or the standard library.
type component struct {
	Type    string       `json:"type"`
	Name    string       `json:"name"`
	Version string       `json:"version"`
	Ref     string       `json:"bom-ref"`
	URL     string       `json:"purl,omitempty"`
	Hashes  []moduleHash `json:"hashes,omitempty"`
}

type moduleHash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

// MakeBillOfMaterials returns the bill of materials of a program as JSON (CycloneDX 1.5).
func MakeBillOfMaterials(binary, version string) ([]byte, error) {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	b := cycloneDX{Format: "CycloneDX", Spec: "1.5", Version: 1,
		Metadata: metadata{component{Type: "application", Name: "flowgate", Version: version, Ref: "flowgate"}},
		Components: []component{{Type: "library", Name: "std", Version: info.GoVersion, Ref: "std",
			URL: "pkg:golang/std@" + strings.TrimPrefix(info.GoVersion, "go")}}}
	for _, dep := range info.Deps {
		if dep.Replace != nil {
			dep = dep.Replace
		}
		c := component{Type: "library", Name: dep.Path, Version: dep.Version, Ref: dep.Path + "@" + dep.Version,
			URL: "pkg:golang/" + dep.Path + "@" + dep.Version}
		// go.sum's h1 is a SHA-256 of the module's files, in base64.
		if sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(dep.Sum, "h1:")); err == nil && len(sum) == 32 {
			c.Hashes = []moduleHash{{"SHA-256", hex.EncodeToString(sum)}}
		}
		b.Components = append(b.Components, c)
	}
	data, err := json.MarshalIndent(b, "", "  ")
	return append(data, '\n'), err
}
