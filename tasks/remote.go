package tasks

import (
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/remote"
)

// remoteOptions returns the router elsewhere that the flags name; without -url it has no URL. Fault:
// flag-invalid for a key that is for nothing.
func (s session) remoteOptions(url, keyFile, keyEnv, caFile *string, plain *bool) (remote.Options, error) {
	o := remote.Options{
		URL: deref(url), KeyFile: deref(keyFile), KeyEnv: deref(keyEnv), CAFile: deref(caFile), Plain: deref(plain),
		Getenv: s.getenv,
	}
	if o.URL == "" && (o.KeyFile != "" || o.KeyEnv != "" || o.CAFile != "" || o.Plain) {
		return o, fault.Usage("flag-invalid",
			"-key-file, -key-env, -ca-file and -insecure-plain say how to ask the router of -url, "+
				"which is not given").WithHint("add -url=ADDRESS, or leave them out")
	}
	return o, nil
}
