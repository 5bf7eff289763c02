package config

import (
	"net/url"
	"strconv"

	"github.com/flowgate-go/flowgate/internal/config/yamlnode"

	"github.com/flowgate-go/flowgate/internal/hostname"
)

// checkAddresses looks at the addresses of a provider: keys and tokens are sent to
// them. None is shown: it may hold a password.
func checkAddresses(d *yamlnode.Diagnosis, provider *yamlnode.Node, path string) {
	for _, f := range provider.Fields {
		text, ok := f.Value.Value.(string)
		if !ok || text == "" {
			continue
		}
		at, err := url.Parse(text)
		switch f.Key {
		case "auth_url", "token_url", "device_url", "base_url":
			if err != nil || !isSecure(at) {
				d.Add(f.Value.At, yamlnode.JoinPath(path, f.Key),
					"keys and tokens are sent over https only, or over http to this machine",
					"%s must be an https address, or an http address on this machine", yamlnode.JoinPath(path, f.Key))
			}
		case "key_base_url": // CLIProxyAPI's business, which may have a server in the same network
			if err != nil || at.Hostname() == "" || !hasPort(at) || at.Scheme != "https" && at.Scheme != "http" {
				d.Add(f.Value.At, yamlnode.JoinPath(path, f.Key), "https://api.openai.com/v1 is one",
					"%s must be an https or http address", yamlnode.JoinPath(path, f.Key))
			}
		case "auth_url_endpoint", "status_endpoint":
			if err != nil || (at.IsAbs() || at.Host != "") && !isSecure(at) {
				d.Add(f.Value.At, yamlnode.JoinPath(path, f.Key), "a path counts from base_url, else from cliproxyapi_plus",
					"%s must be a path, an https address, or an http address on this machine", yamlnode.JoinPath(path, f.Key))
			}
		case "redirect_url":
			if err != nil || !isCallback(at) {
				d.Add(f.Value.At, yamlnode.JoinPath(path, f.Key), "http://127.0.0.1/callback, or what the provider has registered",
					"%s must be an http address at localhost or 127.0.0.1: the browser comes back to it",
					yamlnode.JoinPath(path, f.Key))
			}
		}
	}
}

// isSecure reports whether what is sent to an address stays secret on the way.
func isSecure(at *url.URL) bool {
	return at.Hostname() != "" && hasPort(at) &&
		(at.Scheme == "https" || at.Scheme == "http" && hostname.IsLoopback(at.Hostname()))
}

// isCallback reports whether the page that a browser comes back to can be at
// an address.
func isCallback(at *url.URL) bool {
	return at.Scheme == "http" && hasPort(at) && (at.Hostname() == "localhost" || at.Hostname() == "127.0.0.1")
}

// hasPort reports whether an address has no port, or a valid one.
func hasPort(at *url.URL) bool {
	port := at.Port()
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}
