package deployment

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// googleKeyHeader is the header in which Google's API expects the key.
const googleKeyHeader = "X-Goog-Api-Key"

// googleHeader returns the header of requests in Google's dialect. Google refuses its
// keys in Authorization; other servers with that dialect may accept keys only there.
func googleHeader(header http.Header, s *settings.Deployment) http.Header {
	header = header.Clone()
	if s.Key != "" && len(header[googleKeyHeader]) == 0 {
		header[googleKeyHeader] = []string{s.Key}
	}
	if s.IsGoogle {
		header.Del("Authorization")
	}
	return header
}

// googleEndpoint returns the address of a method of the model in Google's dialect, which
// is below /v1beta. An end of api_base in /v1, /v1beta or /openai, the folders of OpenAI's
// routes, is removed first.
func googleEndpoint(s *settings.Deployment, method string) *url.URL {
	base := *s.Base
	base.RawQuery, base.RawPath = "", ""
	path := strings.TrimSuffix(strings.TrimRight(base.Path, "/"), "/openai")
	path, _ = strings.CutSuffix(path, "/v1")
	base.Path = strings.TrimSuffix(path, "/v1beta") + "/" // JoinPath would make a relative path of an empty one
	return base.JoinPath("v1beta", "models", url.PathEscape(strings.TrimPrefix(s.Upstream, "models/"))+":"+method)
}
