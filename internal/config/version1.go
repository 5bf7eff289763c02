package config

import (
	"slices"

	"github.com/flowgate-go/flowgate/internal/config/schema"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/program"
)

// OldUpstream is what version 1 called the service cliproxyapi_plus.
const OldUpstream = "cliproxyapi"

// findUpstreamKey returns the name under which the file has the service
// cliproxyapi_plus. The name of version 1 is accepted in every version, and so
// is the new one in version 1; where a file has both, the new one counts.
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

// decodeVersion1Or2 decodes a file of version 1 or 2 whose upstream has that key.
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

// resolveOldSecrets takes the files under the first name of secret_files.
func (r *resolver) resolveOldSecrets(files []string) {
	f, ok := r.root.Field("secrets")
	if !ok {
		return
	}
	message := program.Text("secrets is now secret_files; `mage config:migrate` renames it")
	if _, both := r.root.Field("secret_files"); both {
		message = "secrets is now secret_files, which is there too: write all files there"
	}
	r.warnRenamed("secrets", f.At, message)
	r.addSecretFiles("secrets", files)
}

// warnRenamed warns of an old key, unless the whole file is of version 1, of
// which one warning has been given already.
func (r *resolver) warnRenamed(path string, at yamlnode.Pos, message string) {
	if r.cfg.Version != 1 {
		r.d.Warn("key-renamed", path, at, "%s", message)
	}
}
