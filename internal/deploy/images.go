package deploy

import (
	"path"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// CheckImages returns the fault deploy-option unless the images that a stack runs are named, each with a version or
// a digest. own is FlowGate's image, upstream CLIProxyAPI's and litellm LiteLLM's; those that the stack does not run
// may be empty.
func CheckImages(s Stack, own, upstream, litellm string) error {
	isCLIProxy := s.Upstream != nil && s.Upstream.Runtime == config.RuntimeCLIProxyAPI
	for _, image := range [...]struct {
		flag, name, whose, example string
		isNeeded                   bool
	}{
		{"image", own, "", "", false},
		{"upstream-image", upstream, "the upstream is CLIProxyAPI", "eceasy/cli-proxy-api", isCLIProxy},
		{"litellm-image", litellm, "the router is LiteLLM (services.litellm.runtime)", "ghcr.io/berriai/litellm",
			s.Router.Runtime == config.RuntimeLiteLLM},
	} {
		if image.name == "" && image.isNeeded {
			return fault.Usage("deploy-option", "-%s: %s, and its image is not named", image.flag, image.whose).
				WithHint("name it with its version, or its digest from `docker buildx imagetools inspect`: -%s=%s:VERSION",
					image.flag, image.example)
		}
		if err := checkImage(image.flag, image.name); err != nil {
			return err
		}
	}
	return nil
}

// checkImage returns the fault deploy-option for the name of an image that is none, or that has neither a version nor
// a digest.
func checkImage(flag, name string) error {
	if strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"\$`, r) }) {
		return fault.Usage("deploy-option", "-%s: %q is not the name of an image", flag, name)
	}
	_, tag, hasTag := strings.Cut(path.Base(name), ":") // a colon before the last slash is that of a port
	if name != "" && !strings.Contains(name, "@") && (!hasTag || tag == "" || tag == "latest") {
		return fault.Usage("deploy-option", "-%s: %s is another program tomorrow", flag, name).
			WithHint("name a version or a digest")
	}
	return nil
}
