package config

import "slices"

// oldUpstream is what version 1 called the service cliproxyapi_plus.
const oldUpstream = "cliproxyapi"

// findUpstreamKey is the name under which the file has the service
// cliproxyapi_plus. The name of version 1 is accepted in every version, and so
// is the new one in version 1; where a file has both, the new one counts.
func (r *resolver) findUpstreamKey() string {
	services, _ := r.root.field("services")
	old, hasOld := services.value.field(oldUpstream)
	_, hasNew := services.value.field(CLIProxy)
	switch {
	case hasOld && hasNew:
		r.d.warn("key-ignored", "services."+oldUpstream, old.at, "services.%s has no effect: services.%s is there too", oldUpstream, CLIProxy)
		services.value.fields = slices.DeleteFunc(slices.Clone(services.value.fields), func(f field) bool { return f.key == oldUpstream })
		r.root.setField("services", services.value)
		return CLIProxy
	case hasOld:
		r.warnRenamed("services."+oldUpstream, old.at, "services.cliproxyapi is now services.cliproxyapi_plus; `mage config:migrate` renames it")
		return oldUpstream
	case hasNew || r.cfg.Version != 1:
		return CLIProxy
	}
	return oldUpstream
}

// decodeVersion1Or2 decodes a file of version 1 or 2 whose upstream has that key.
func (r *resolver) decodeVersion1Or2(upstream string) documentV2 {
	if upstream == CLIProxy {
		var doc documentV2
		decodeDocument(r.d, r.root, &doc)
		return doc
	}
	var doc documentV1
	decodeDocument(r.d, r.root, &doc)
	return documentV2{
		Paths: doc.Paths, Services: servicesV2(doc.Services), Base: doc.Base, Profiles: doc.Profiles, Auth: doc.Auth,
		Secrets: doc.Secrets, SecretFiles: doc.SecretFiles, Credentials: doc.Credentials, Integration: doc.Integration,
	}
}

// resolveOldSecrets takes the files under the first name of secret_files.
func (r *resolver) resolveOldSecrets(files []string) {
	f, ok := r.root.field("secrets")
	if !ok {
		return
	}
	message := "secrets is now secret_files; `mage config:migrate` renames it"
	if _, both := r.root.field("secret_files"); both {
		message = "secrets is now secret_files, which is there too: write all files there"
	}
	r.warnRenamed("secrets", f.at, message)
	r.addSecretFiles("secrets", files)
}

// warnRenamed warns of an old key, unless the whole file is of version 1, of
// which one warning has been given already.
func (r *resolver) warnRenamed(path string, at pos, message string) {
	if r.cfg.Version != 1 {
		r.d.warn("key-renamed", path, at, "%s", message)
	}
}
