package settings_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// loadCloud loads a file with one entry of a cloud, and a credential that is called work.
func loadCloud(t *testing.T, params, values string, env map[string]string) *settings.Settings {
	t.Helper()
	text := "model_list:\n  - {model_name: m, litellm_params: {" + params + "}}\ngeneral_settings: {master_key: sk-test}\n"
	if values != "" {
		text += "credential_list:\n  - {credential_name: work, credential_info: {}, credential_values: {" + values + "}}\n"
	}
	s, err := load(t, text, "UP", "DOWN", env)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// awsAccess are the keys of an entry of Bedrock, and what each says in the order of describeAWS.
const awsAccess = "aws_access_key_id: a, aws_secret_access_key: b, aws_session_token: c, aws_region_name: eu-west-1, " +
	"aws_profile_name: d, aws_role_name: e, aws_session_name: f, aws_external_id: g, aws_web_identity_token: h, aws_sts_endpoint: i"

// describeAWS returns who sends the requests of a deployment, and where from.
func describeAWS(d *settings.Deployment) string {
	a := d.AWS
	return strings.Join([]string{a.AccessKeyID, a.SecretAccessKey, a.SessionToken, a.Region, a.ProfileName, a.RoleName,
		a.SessionName, a.ExternalID, a.WebIdentityToken, a.STSEndpoint}, " ")
}

func TestWhoAsksBedrockIsInTheEntryItsCredentialOrTheEnvironment(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		params, values string
		env            map[string]string
		want, base     string
	}{
		"entry": {"model: bedrock/amazon.x, model_id: arn:y, aws_bedrock_runtime_endpoint: 'https://own.example', " + awsAccess, "", nil,
			"a b c eu-west-1 d e f g h i", "https://own.example"},
		"credential": {"model: bedrock/amazon.x, litellm_credential_name: work", awsAccess, nil, "a b c eu-west-1 d e f g h i",
			"https://bedrock-runtime.eu-west-1.amazonaws.com"},
		"environment": {"model: bedrock/amazon.x", "", map[string]string{"AWS_REGION": "us-west-2", "AWS_PROFILE_NAME": "d",
			"AWS_ROLE_NAME": "e", "AWS_SESSION_NAME": "f", "AWS_EXTERNAL_ID": "g", "AWS_WEB_IDENTITY_TOKEN": "h",
			"AWS_STS_ENDPOINT": "i", "AWS_BEDROCK_RUNTIME_ENDPOINT": "https://env.example"},
			"   us-west-2 d e f g h i", "https://env.example"},
		"AWS's own variables": {"model: bedrock/amazon.x", "", map[string]string{"AWS_REGION": "us-west-2",
			"AWS_ENDPOINT_URL_STS": "i", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "https://env.example"},
			"   us-west-2      i", "https://env.example"},
		"the entry before the credential": {"model: bedrock/amazon.x, aws_region_name: us-east-2, litellm_credential_name: work",
			"aws_region_name: eu-west-1", nil, "   us-east-2      ", "https://bedrock-runtime.us-east-2.amazonaws.com"},
		"the region of the name": {"model: bedrock/ap-south-1/amazon.x", "", nil, "   ap-south-1      ",
			"https://bedrock-runtime.ap-south-1.amazonaws.com"},
		"the region of an ARN": {"model: 'bedrock/arn:aws:bedrock:eu-north-1:1:inference-profile/a'", "", nil,
			"   eu-north-1      ", "https://bedrock-runtime.eu-north-1.amazonaws.com"},
		"the address": {"model: bedrock/amazon.x, aws_region_name: us-east-1, api_base: 'https://proxy.example'", "", nil,
			"   us-east-1      ", "https://proxy.example"},
	} {
		s := loadCloud(t, c.params, c.values, c.env)
		if len(s.Warnings) > 0 || len(s.Deployments) != 1 {
			t.Errorf("%s: %+v", name, s.Warnings)
			continue
		}
		if d := s.Deployments[0]; describeAWS(d) != c.want || strings.TrimRight(d.Base.String(), "/") != c.base {
			t.Errorf("%s: %q at %s", name, describeAWS(d), d.Base)
		}
	}
}

func TestWhoAsksVertexAIIsInTheEntryItsCredentialOrTheEnvironment(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		params, values string
		env            map[string]string
		want           string // project, location, credentials and address
	}{
		"entry": {"model: vertex_ai/gemini-x, vertex_project: p, vertex_location: us-east5, vertex_credentials: /c.json", "", nil,
			"p us-east5 /c.json https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5"},
		"LiteLLM's other names": {"model: vertex_ai/gemini-x, vertex_ai_project: p, vertex_ai_location: us-east5, vertex_ai_credentials: /c.json",
			"", nil, "p us-east5 /c.json https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5"},
		"credential": {"model: vertex_ai/gemini-x, litellm_credential_name: work", "vertex_project: p, vertex_location: global", nil,
			"p global  https://aiplatform.googleapis.com/v1/projects/p/locations/global"},
		"a mapping": {"model: vertex_ai/gemini-x, vertex_credentials: {project_id: q}", "", nil,
			`q us-central1 {"project_id":"q"} https://us-central1-aiplatform.googleapis.com/v1/projects/q/locations/us-central1`},
		"a mapping of the credential": {"model: vertex_ai/gemini-x, litellm_credential_name: work", "vertex_credentials: {project_id: q}", nil,
			`q us-central1 {"project_id":"q"} https://us-central1-aiplatform.googleapis.com/v1/projects/q/locations/us-central1`},
		"environment": {"model: vertex_ai/gemini-x", "", map[string]string{"VERTEXAI_PROJECT": "p", "VERTEXAI_LOCATION": "global",
			"VERTEXAI_CREDENTIALS": "/c.json"}, "p global /c.json https://aiplatform.googleapis.com/v1/projects/p/locations/global"},
		"Google's variables": {"model: vertex_ai/gemini-x", "", map[string]string{"GOOGLE_CLOUD_PROJECT": "p", "VERTEX_LOCATION": "global"},
			"p global  https://aiplatform.googleapis.com/v1/projects/p/locations/global"},
		"an address with a project": {"model: vertex_ai/gemini-x, vertex_project: p, api_base: 'https://h/v1/projects/o/locations/l'", "", nil,
			"p us-central1  https://h/v1/projects/o/locations/l"},
	} {
		s := loadCloud(t, c.params, c.values, c.env)
		if len(s.Warnings) > 0 || len(s.Deployments) != 1 {
			t.Errorf("%s: %+v", name, s.Warnings)
			continue
		}
		d := s.Deployments[0]
		got := strings.Join([]string{d.Vertex.Project, d.Vertex.Location, d.Vertex.Credentials, d.Base.String()}, " ")
		if got != c.want || d.Upstream != "google/gemini-x" {
			t.Errorf("%s: %s %s", name, d.Upstream, got)
		}
	}
}
