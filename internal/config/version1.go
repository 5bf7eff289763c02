package config

import (
	"slices"

	"github.com/flowgate-go/flowgate/internal/config/schema"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/program"
)

// OldUpstream is what version 1 called the service cliproxyapi_plus.
const OldUpstream = "cliproxyapi"

// findUpstreamKey returns the key under which the file has the service
// cliproxyapi_plus. Versions 1 and 2 accept both the old and the new key; when a file has
// both, the new one counts.
func (r *resolver) findUpstreamKey() string {
	services, _ := r.root.Field("services")
	old, hasOld := services.Value.Field(OldUpstream)
	_, hasNew := services.Value.Field(CLIProxy)
	switch {
	case hasOld && hasNew:
		r.d.Warn("key-ignored", "services."+OldUpstream, old.At, "services.%s has no effect: services.%s is there too",
			OldUpstream, CLIProxy)
		services.Value.Fields = slices.DeleteFunc(slices.Clone(services.Value.Fields),
			func(f yamlnode.Field) bool { return f.Key == OldUpstream })
		r.root.SetField("services", services.Value)
		return CLIProxy
	case hasOld:
		r.warnRenamed("services."+OldUpstream, old.At,
			program.Text("services.cliproxyapi is now services.cliproxyapi_plus; `mage config:migrate` renames it"))
		return OldUpstream
	case hasNew || r.cfg.Version != 1:
		return CLIProxy
	}
	return OldUpstream
}

// decodeVersion1Or2 decodes a file of version 1 or 2; upstream is the key of its service
// cliproxyapi_plus.
func (r *resolver) decodeVersion1Or2(upstream string) schema.DocumentV2 {
	if upstream == CLIProxy {
		var doc schema.DocumentV2
		schema.DecodeDocument(r.d, r.root, &doc)
		return doc
	}
	var doc schema.DocumentV1
	schema.DecodeDocument(r.d, r.root, &doc)
	return schema.DocumentV2{
		Paths: doc.Paths, Services: schema.ServicesV2(doc.Services), Base: doc.Base, Profiles: doc.Profiles, Auth: doc.Auth,
		Secrets: doc.Secrets, SecretFiles: doc.SecretFiles, Credentials: doc.Credentials, Integration: doc.Integration,
	}
}

// resolveOldSecrets adds the files under secrets, the old name of secret_files.
func (r *resolver) resolveOldSecrets(files []string) {
	f, ok := r.root.Field("secrets")
	if !ok {
		return
	}
	message := program.Text("secrets is now secret_files; `mage config:migrate` renames it")
	if _, hasNew := r.root.Field("secret_files"); hasNew {
		message = "secrets is now secret_files, which is there too: write all files there"
	}
	r.warnRenamed("secrets", f.At, message)
	r.addSecretFiles("secrets", files)
}

// warnRenamed warns of an old key. In a file of version 1 it adds nothing, because resolve
// has warned of the version already.
func (r *resolver) warnRenamed(path string, at yamlnode.Pos, message string) {
	if r.cfg.Version != 1 {
		r.d.Warn("key-renamed", path, at, "%s", message)
	}
}
