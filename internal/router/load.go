package router

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// maxSettings is the largest settings file that Load reads, in bytes.
const maxSettings = 16 << 20

// Load reads a LiteLLM configuration file. getenv resolves os.environ/NAME
// references; it is asked once for each. Faults: settings-not-found,
// settings-unreadable, settings-invalid (with file:line:column),
// master-key-missing, master-key-weak.
func Load(path string, getenv func(string) string) (*Settings, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fault.New("settings-unreadable", "resolve %s: %w", path, err)
	}
	text, err := read(abs)
	if err != nil {
		return nil, err
	}
	doc, top, err := parse(abs, text, getenv)
	if err != nil {
		return nil, err
	}
	s := interpret(top)
	if doc.err != nil {
		return nil, doc.err
	}
	s.Path, s.Warnings = abs, doc.warnings
	return s, checkMasterKey(s)
}

func read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.Usage("settings-not-found", "router settings %s do not exist: %w", path, fs.ErrNotExist).
			WithHint("write them with: mage profile:set NAME")
	case err != nil:
		return nil, fault.New("settings-unreadable", "read router settings: %w", err)
	case info.IsDir():
		return nil, fault.Usage("settings-unreadable", "router settings %s are a folder", path)
	case info.Size() > maxSettings:
		return nil, fault.Usage("settings-unreadable", "router settings %s are %d bytes long; at most %d are read", path, info.Size(), maxSettings)
	}
	text, err := safefile.Read(path, maxSettings)
	if err != nil {
		return nil, fault.New("settings-unreadable", "read router settings: %w", err)
	}
	return text, nil
}

func checkMasterKey(s *Settings) error {
	switch s.masterKey {
	case "":
		return fault.Usage("master-key-missing", "%s: general_settings.master_key is not set", s.Path).
			WithHint("the router serves nobody without a key; mage init writes one")
	case "sk-1234":
		return fault.Usage("master-key-weak", "%s: general_settings.master_key is the sample key of LiteLLM's documentation", s.Path).
			WithHint("mage init writes a random one")
	}
	return nil
}

// interpret reads every section; what is wrong ends up in the document.
func interpret(top section) *Settings {
	top.known("model_list", "general_settings", "litellm_settings", "router_settings", "environment_variables", "include")
	if top.values["include"] != nil {
		top.doc.fail(top.at("include"), "the embedded router reads no included files")
	}
	environment(top)
	s := &Settings{}
	general(s, top.sub("general_settings"), top.doc.getenv)
	litellm, router := top.sub("litellm_settings"), top.sub("router_settings")
	s.forward = readForwarding(top.sub("general_settings"), litellm)
	reliability(s, litellm, router)
	s.keepAlive = readKeepAlive(litellm, top.sub("general_settings"))
	fallbacks(s, litellm, router)
	models(s, top)
	ghosts(s, top)
	return s
}

// environment lets references see the section environment_variables, as LiteLLM does by exporting it.
func environment(top section) {
	vars := top.sub("environment_variables")
	outer := top.doc.getenv
	values := map[string]string{}
	for key := range vars.values {
		values[key], _ = vars.text(key)
	}
	top.doc.getenv = func(name string) string { return lo.CoalesceOrEmpty(values[name], outer(name)) }
}

func general(s *Settings, general section, getenv func(string) string) {
	general.known("master_key", keepAliveKey, "dangerously_allow_mock_testing_request_params", "forward_client_headers_to_llm_api", "forward_openai_org_id",
		"flowgate_forward_client_identity", "flowgate_cliproxyapi_addresses", "flowgate_allowed_hosts")
	key, missing := general.text("master_key")
	if missing != "" {
		general.doc.warn("environment-variable-unset", general.at("master_key"), "environment variable %s is not set", missing)
	}
	s.masterKey = lo.CoalesceOrEmpty(key, getenv("LITELLM_MASTER_KEY"))
	s.hosts = general.texts("flowgate_allowed_hosts", "a host name")
	s.allowMocks = general.flag("dangerously_allow_mock_testing_request_params")
}
