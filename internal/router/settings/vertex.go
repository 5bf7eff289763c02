package settings

import (
	"cmp"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/provider"
	"github.com/flowgate-go/flowgate/internal/router/settings/document"
	"github.com/flowgate-go/flowgate/internal/router/vertex"
)

// vertexKeys are the keys of litellm_params, and of credential_values, that are about Vertex AI.
var vertexKeys = []string{"vertex_project", "vertex_ai_project", "vertex_location", "vertex_ai_location",
	"vertex_credentials", "vertex_ai_credentials"}

// defaultLocation is LiteLLM's default of vertex_location.
const defaultLocation = "us-central1"

// readVertex reads an entry of Google's Vertex AI: the project, the location, and who sends
// requests. The deployment cannot serve without a Base afterwards.
func readVertex(d *Deployment, row provider.Provider, params, values document.Section) {
	r := &cloudReader{params: params, values: values, ok: true}
	a := &vertex.Access{Getenv: params.File().Getenv, Location: cmp.Or(r.text("vertex_location"),
		r.text("vertex_ai_location", "VERTEXAI_LOCATION", "VERTEX_LOCATION"), defaultLocation)}
	a.Credentials = readVertexCredentials(r)
	a.Project = cmp.Or(r.text("vertex_project"), r.text("vertex_ai_project", "VERTEXAI_PROJECT", "GOOGLE_CLOUD_PROJECT"))
	if a.Project == "" {
		path := cmp.Or(a.Credentials, params.File().Getenv("GOOGLE_APPLICATION_CREDENTIALS"))
		if text, err := vertex.Read(path); err == nil && path != "" {
			a.Project = vertex.ProjectOf(text)
		}
	}
	host, isLocation := vertex.BaseURL(a.Location)
	switch {
	case !r.ok:
		return
	case !isLocation:
		params.Warn("address-invalid", "vertex_location", "%q is not a location of Vertex AI; the deployment cannot serve",
			a.Location)
		return
	case a.Project == "":
		params.Warn("address-invalid", "model", "vertex_project is missing here, and VERTEXAI_PROJECT in the environment; "+
			"the deployment cannot serve")
		return
	case !setVertexDialects(d, params):
		return
	}
	base, isOwn := readCloudBase(r, "")
	if base = cmp.Or(base, host); !readAddress(d, row, params, base, isOwn || base == host) {
		return
	}
	if !strings.Contains(d.Base.Path, "/projects/") {
		d.Base = d.Base.JoinPath("v1/projects", url.PathEscape(a.Project), "locations", a.Location)
	}
	d.Vertex = a
	readKey(d, row, params, values, isOwn)
}

// readVertexCredentials returns vertex_credentials as JSON or as the path of a file. Its value
// may be a mapping, too.
func readVertexCredentials(r *cloudReader) string {
	for _, section := range [...]document.Section{r.params, r.values} {
		if mapping, isMapping := section.Value("vertex_credentials").(map[string]any); isMapping {
			text, err := json.Marshal(mapping)
			if err == nil {
				return string(text)
			}
		}
	}
	return cmp.Or(r.text("vertex_credentials"), r.text("vertex_ai_credentials", "VERTEXAI_CREDENTIALS"))
}

// setVertexDialects sets the dialects that a model has at Vertex AI, and reports whether the
// router can ask for it: Claude's own interface, Google's own and the one that is compatible
// with OpenAI's, or for other publishers' models only the last.
func setVertexDialects(d *Deployment, params document.Section) bool {
	publisher, name, isPublished := strings.Cut(d.Upstream, "/")
	switch {
	case !isConversation(d, params):
		return false
	case strings.HasPrefix(d.Upstream, "claude"):
		d.Claude, d.Dialects = true, dialect.SetOf(dialect.Messages)
	case publisher == "gemini" && isPublished: // gemini/NUMBER is a model that was tuned
		params.Warn("provider-unsupported", "model", "the embedded router does not reach tuned models of Vertex AI; "+
			"runtime: litellm does; the deployment cannot serve")
		return false
	case strings.HasPrefix(d.Upstream, "gemini"), publisher == "google" && isPublished:
		d.Upstream = "google/" + strings.TrimPrefix(d.Upstream, "google/")
		d.Dialects = dialect.SetOf(dialect.Chat, dialect.Gemini, dialect.GeminiCount)
	case isPublished && name != "":
		d.Dialects = dialect.SetOf(dialect.Chat)
	default:
		params.Warn("provider-unsupported", "model", "the embedded router knows no publisher of %q at Vertex AI: write "+
			"vertex_ai/PUBLISHER/MODEL, or use runtime: litellm; the deployment cannot serve", d.Upstream)
		return false
	}
	return true
}
