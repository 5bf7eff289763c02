package config

import (
	"net/url"
	"strconv"

	"github.com/flowgate-go/flowgate/internal/config/yamlnode"

	"github.com/flowgate-go/flowgate/internal/hostname"
)

// checkAddresses checks the addresses of a provider, to which keys and tokens are sent. The
// problems do not show an address, because it may hold a password.
func checkAddresses(d *yamlnode.Diagnosis, provider *yamlnode.Node, path string) {
	for _, f := range provider.Fields {
		text, ok := f.Value.Value.(string)
		if !ok || text == "" {
			continue
		}
		address, err := url.Parse(text)
		switch f.Key {
		case "auth_url", "token_url", "device_url", "base_url":
			if err != nil || !isSecure(address) {
				d.Add(f.Value.At, yamlnode.JoinPath(path, f.Key),
					"keys and tokens are sent over https only, or over http to this machine",
					"%s must be an https address, or an http address on this machine", yamlnode.JoinPath(path, f.Key))
			}
		case "key_base_url": // used by CLIProxyAPI, whose server may be in the same network
			if err != nil || address.Hostname() == "" || !hasValidPort(address) ||
				address.Scheme != "https" && address.Scheme != "http" {
				d.Add(f.Value.At, yamlnode.JoinPath(path, f.Key), "https://api.openai.com/v1 is one",
					"%s must be an https or http address", yamlnode.JoinPath(path, f.Key))
			}
		case "auth_url_endpoint", "status_endpoint":
			if err != nil || (address.IsAbs() || address.Host != "") && !isSecure(address) {
				d.Add(f.Value.At, yamlnode.JoinPath(path, f.Key), "a path is relative to base_url, else to cliproxyapi_plus",
					"%s must be a path, an https address, or an http address on this machine", yamlnode.JoinPath(path, f.Key))
			}
		case "redirect_url":
			if err != nil || !isCallback(address) {
				d.Add(f.Value.At, yamlnode.JoinPath(path, f.Key), "http://127.0.0.1/callback, or what the provider has registered",
					"%s must be an http address at localhost or 127.0.0.1: the browser comes back to it",
					yamlnode.JoinPath(path, f.Key))
			}
		}
	}
}

// isSecure reports whether an address is https, or http on this machine, so that nobody else
// can read what is sent to it.
func isSecure(address *url.URL) bool {
	return address.Hostname() != "" && hasValidPort(address) &&
		(address.Scheme == "https" || address.Scheme == "http" && hostname.IsLoopback(address.Hostname()))
}

// isCallback reports whether a browser can be redirected to an address after a sign-in:
// http on this machine.
func isCallback(address *url.URL) bool {
	return address.Scheme == "http" && hasValidPort(address) &&
		(address.Hostname() == "localhost" || address.Hostname() == "127.0.0.1")
}

// hasValidPort reports whether an address has no port, or a valid one.
func hasValidPort(address *url.URL) bool {
	port := address.Port()
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}
