package settings

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/router/settings/document"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// maxSettings is the largest settings file that Load reads, in bytes.
const maxSettings = 16 << 20

// Load reads a LiteLLM configuration file. getenv resolves os.environ/NAME
// references and gives the usual variables of providers; Settings.Match calls it
// later too, concurrently. Faults: settings-not-found,
// settings-unreadable, settings-invalid (with file:line:column),
// master-key-missing, master-key-weak.
func Load(path string, getenv func(string) string) (*Settings, error) {
	s, file, err := read(path, getenv)
	if err != nil {
		return nil, err
	}
	if err := file.Err(); err != nil {
		return nil, err
	}
	return s, s.CheckMasterKey()
}

// Examine is Load for a file that may have errors: it returns all of them, and Settings
// without the values that they concern. A missing master key is not an error. Faults:
// settings-not-found, settings-unreadable, and settings-invalid for a file that is not YAML.
func Examine(path string, getenv func(string) string) (*Settings, []yamlnode.Problem, error) {
	s, file, err := read(path, getenv)
	if err != nil {
		return nil, nil, err
	}
	return s, file.Problems, nil
}

// ExamineValues is Examine for values that have been read from the file at path already.
// locate returns where the user wrote them.
func ExamineValues(path string, values map[string]any, locate document.Locator,
	getenv func(string) string) (*Settings, []yamlnode.Problem) {
	s, file := readValues(path, values, locate, getenv)
	return s, file.Problems
}

// read reads the file at path.
func read(path string, getenv func(string) string) (*Settings, *document.File, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, nil, fault.New("settings-unreadable", "resolve %s: %w", path, err)
	}
	text, err := readFile(abs)
	if err != nil {
		return nil, nil, err
	}
	file, top, err := document.Parse(abs, text, getenv)
	if err != nil {
		return nil, nil, err
	}
	return readTop(top, abs, getenv), file, nil
}

// readValues reads values that have been parsed already.
func readValues(path string, values map[string]any, locate document.Locator,
	getenv func(string) string) (*Settings, *document.File) {
	file, top := document.New(path, values, locate, getenv)
	return readTop(top, path, getenv), file
}

// readTop reads the top section of the file at path, and the files that it includes.
func readTop(top document.Section, path string, getenv func(string) string) *Settings {
	mergeIncludes(top, path, getenv)
	s := readSections(top)
	s.Path, s.Warnings, s.locate = path, top.File().Warnings, top.File().Locate
	return s
}

// Locate returns the place where the value at path is written.
func (s *Settings) Locate(path []any) document.Place { return s.locate(path) }

// readFile reads a settings file of at most maxSettings bytes.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.Usage("settings-not-found", "router settings %s do not exist", path).
			WithHint("write them with: mage profile:set NAME")
	case err != nil:
		return nil, fault.New("settings-unreadable", "read router settings: %w", err)
	case info.IsDir():
		return nil, fault.Usage("settings-unreadable", "router settings %s are a folder", path)
	case info.Size() > maxSettings:
		return nil, fault.Usage("settings-unreadable", "router settings %s are %d bytes long; at most %d are read",
			path, info.Size(), maxSettings)
	}
	text, err := safefile.Read(path, maxSettings)
	if err != nil {
		return nil, fault.New("settings-unreadable", "read router settings: %w", err)
	}
	return text, nil
}

// CheckMasterKey returns an error for a master key that is missing or publicly known. Faults:
// master-key-missing, master-key-weak.
func (s *Settings) CheckMasterKey() error {
	switch s.MasterKey {
	case "":
		return fault.Usage("master-key-missing", "%s: general_settings.master_key is not set", s.Path).
			WithHint("clients need a key; mage init writes one")
	case "sk-1234":
		return fault.Usage("master-key-weak", "%s: general_settings.master_key is the sample key of LiteLLM's "+
			"documentation", s.Path).
			WithHint("mage init writes a random one")
	}
	return nil
}

// readSections reads every section. Errors are recorded in the file.
func readSections(top document.Section) *Settings {
	top.WarnUnknown("model_list", "general_settings", "litellm_settings", "router_settings", "environment_variables",
		"include", "credential_list")
	refuseUnenforced(top)
	readEnvironment(top)
	s := &Settings{}
	general, litellm, router := top.Sub("general_settings"), top.Sub("litellm_settings"), top.Sub("router_settings")
	readGeneral(s, general)
	forward := readForwarding(general, litellm)
	s.RefuseUnknownParams = litellm.Has("drop_params") && !litellm.Flag("drop_params")
	readReliability(s, litellm, router)
	readObservation(s, litellm)
	s.KeepAlive = *lo.CoalesceOrEmpty(litellm.Interval(keepAliveKey), general.Interval(keepAliveKey),
		lo.ToPtr(defaultKeepAlive))
	readFallbacks(s, litellm, router)
	readModels(s, top, forward)
	readRoutingGroups(s, router)
	readAliases(s, litellm, router)
	s.addPickerAliases()
	warnUnknownFallbacks(s, top)
	warnUnknownGroups(s, litellm, router)
	readPrices(s, top)
	if len(s.Deployments) == 0 {
		warnNoDeployments(top)
	}
	return s
}

// warnNoDeployments warns that no deployment can serve.
func warnNoDeployments(top document.Section) {
	switch {
	case len(top.List("model_list")) > 0:
		top.Warn("no-deployments", "model_list", "no entry can serve; /v1/models is empty")
	default:
		top.Warn("no-deployments", "model_list", "there are no deployments; LiteLLM may keep them in its database, "+
			"which the embedded router does not read: write them into model_list")
	}
}

// readEnvironment makes the section environment_variables visible to references, as
// LiteLLM does by exporting it.
func readEnvironment(top document.Section) {
	vars := top.Sub("environment_variables")
	values := map[string]string{}
	for _, key := range vars.Keys() {
		value, ok := vars.AsText(key)
		if !ok && vars.Has(key) {
			vars.Warn("environment-variable-ignored", key, "%s is neither a text nor a number; it is not set", key)
		}
		values[key] = value
	}
	top.File().AddVariables(values)
}

// readGeneral reads general_settings, except those about clients' headers and keep-alives.
func readGeneral(s *Settings, general document.Section) {
	general.WarnUnknown(append(harmlessGeneralKeys(), "master_key", keepAliveKey,
		"dangerously_allow_mock_testing_request_params", "forward_client_headers_to_llm_api", "forward_openai_org_id",
		"flowgate_forward_client_identity", "flowgate_cliproxyapi_addresses", "flowgate_allowed_hosts",
		ignoreKey)...)
	key, missing := general.Text("master_key")
	if missing != "" {
		general.Warn("environment-variable-unset", "master_key", "environment variable %s is not set", missing)
	}
	s.MasterKey = lo.CoalesceOrEmpty(key, general.File().Getenv("LITELLM_MASTER_KEY"))
	s.AllowedHosts = general.Texts("flowgate_allowed_hosts", "a host name")
	s.AllowMocks = general.Flag("dangerously_allow_mock_testing_request_params")
}
