package settings

import (
	"net/http"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/provider"
	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// readHeaders reads the headers that an entry and its provider add to each request.
// Headers from environment variables go only to the provider's own address; isOwn says
// whether the deployment has that.
func readHeaders(d *Deployment, row provider.Provider, params document.Section, isOwn bool) {
	d.Headers = map[string]string{}
	for name, value := range row.Headers {
		d.Headers[http.CanonicalHeaderKey(name)] = strings.ReplaceAll(value, "{api_key}", d.Key)
	}
	for name, variables := range row.HeaderVariables {
		if value, _ := provider.FirstSet(variables, params.File().Getenv); isOwn && value != "" {
			d.Headers[http.CanonicalHeaderKey(name)] = value
		}
	}
	if organization := params.Word("organization"); organization != "" {
		d.Headers["Openai-Organization"] = organization
	}
	extra := params.Sub("extra_headers")
	for _, name := range extra.Keys() {
		if value, missing := extra.Text(name); missing != "" {
			extra.Warn("environment-variable-unset", name, "environment variable %s is not set; the header is not sent", missing)
		} else if !isHeaderName(name) || strings.ContainsAny(value, "\r\n\x00") {
			extra.Warn("header-invalid", name, "HTTP has no header with this name or value; it is not sent")
		} else if value != "" {
			d.Headers[http.CanonicalHeaderKey(name)] = value
		}
	}
}

// isHeaderName reports whether a text can be the name of a header: a token of RFC 9110. The
// function of x/net would bring the tables of international host names along.
func isHeaderName(name string) bool {
	isToken := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
			strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	}
	return name != "" && strings.TrimLeftFunc(name, isToken) == ""
}
