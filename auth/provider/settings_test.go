package provider_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/auth/authtest"
	"github.com/flowgate-go/flowgate/auth/provider"
	"github.com/flowgate-go/flowgate/auth/signin"
	"github.com/flowgate-go/flowgate/auth/status"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/schema"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// settingKeys are the keys that a struct reads, those of embedded ones among them.
func settingKeys(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			keys = append(keys, settingKeys(f.Type)...)
		} else if key, _, _ := strings.Cut(f.Tag.Get("json"), ","); key != "-" {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

func TestTheConfigurationKnowsWhatTheProvidersRead(t *testing.T) {
	t.Parallel()
	known := schema.ProviderKeys()
	slices.Sort(known)
	if read := settingKeys(reflect.TypeFor[provider.Settings]()); !slices.Equal(read, known) {
		t.Errorf("the configuration knows\n%v\nand the providers read\n%v", known, read)
	}
	methods := signin.MethodNames()
	written := schema.Methods()
	slices.Sort(written)
	if !slices.Equal(methods, written) {
		t.Errorf("%v, %v", methods, written)
	}
}

func TestAMistakeInAProviderIsNamedWithItsPlaceAndBreaksNoOther(t *testing.T) {
	t.Parallel()
	for provider, c := range map[string]struct{ at, says, hint string }{
		`kimi: {method: bogus}`:                {"13:20", "must be one of", ""},
		`kimi: {method: managment}`:            {"13:20", "must be one of", `did you mean "management"?`},
		`kimi: {methud: management}`:           {"13:12", `unknown key "methud"`, `did you mean "method"?`},
		`kimi: {login_flag: 3}`:                {"13:24", "must be text", `put it in quotes`},
		`kimi: {scopes: x}`:                    {"13:20", "must be a list", ""},
		`kimi: {scopes: [a, 7]}`:               {"13:24", "must be text", ""},
		`kimi: {single_use: "yes"}`:            {"13:24", "must be true or false", ""},
		`kimi: {auth_params: {a: 1}}`:          {"13:29", "must be text", ""},
		`kimi: {methods: [management, pkcee]}`: {"13:34", "not a method", `did you mean "pkce"?`},
		`kimi: {token_encoding: xml}`:          {"13:28", "must be one of form, json", ""},

		`kimi: {token_url: "ftp://x.example/t"}`:          {"13:23", "must be an https address", "https only"},
		`kimi: {token_url: "http://user:pw@x.example/t"}`: {"13:23", "must be an https address", "https only"},
		`kimi: {device_url: token}`:                       {"13:24", "must be an https address", ""},
		`kimi: {auth_url: "https://x.example:99999/"}`:    {"13:22", "must be an https address", ""},
		`kimi: {base_url: "http://127.0.0.1.nip.io"}`:     {"13:22", "must be an https address", ""},
		`kimi: {status_endpoint: "//x.example/s"}`:        {"13:29", "must be a path", "base_url"},
		`kimi: {auth_url_endpoint: "http://192.0.2.1/a"}`: {"13:31", "must be a path", "base_url"},
		`kimi: {redirect_url: "https://127.0.0.1/cb"}`:    {"13:26", "localhost or 127.0.0.1", "callback"},
		`kimi: {redirect_url: "http://localhost:0/cb"}`:   {"13:26", "localhost or 127.0.0.1", "callback"},
		`kimi: {key_base_url: "api.example/v1"}`:          {"13:26", "https or http address", ""},
	} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			s := authtest.NewSite(t)
			file := s.Put("config/flowgate.yaml",
				`paths: {runtime_dir: ../.router/runtime, active_config: a, state_file: s, log_file: l}
litellm_base: {}
profiles: {balanced: {}}
services:
  litellm: {port: 4000, runtime: embedded}
  cliproxyapi_plus: {port: 8317, runtime: echo}
# seven
# eight
# nine
# ten
auth:
  providers:
    `+provider+"\n")
			found, err := config.Check(file, s.Env.Getenv)
			if err != nil || len(found.Problems) != 1 {
				t.Fatalf("%+v, %v", found, err)
			}
			p := found.Problems[0]
			if at := fmt.Sprintf("%d:%d", p.Line, p.Column); at != c.at || !strings.Contains(p.Message, c.says) ||
				!strings.Contains(p.Hint, c.hint) {
				t.Errorf("%s: %+v", at, p)
			}
			if f := fault.From(found.Err()); f == nil || f.Code != "config-invalid" || f.Exit != fault.ExitUsage {
				t.Errorf("config:validate: %+v", f)
			}
			if s.Config, err = config.Load(file, s.Env.Getenv); err != nil {
				t.Fatalf("the rest of the file is refused: %v", err)
			}
			if _, err := status.Read(t.Context(), s.Config, s.Env, status.Options{}); err != nil {
				t.Errorf("status: %v", err)
			}
			_, _, err = s.Login("kimi", signin.Options{Timeout: time.Second})
			if authtest.WantCode(t, err, "provider-invalid"); err == nil || !strings.Contains(err.Error(), "flowgate.yaml:"+c.at) {
				t.Errorf("login: %v", err)
			}
			key := signin.Options{Env: "K"}
			s.Env.Getenv = func(string) string { return "sk-0123456789" }
			if _, _, err := s.Login("openai", key); err != nil {
				t.Errorf("another provider: %v", err)
			}
		})
	}
}

func TestTheAddressesOfWorkingProvidersAreTaken(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	file := s.Put("config/flowgate.yaml",
		`paths: {runtime_dir: ../.router/runtime, active_config: a, state_file: s, log_file: l}
litellm_base: {}
profiles: {balanced: {}}
services:
  litellm: {port: 4000, runtime: embedded}
  cliproxyapi_plus: {port: 8317, runtime: echo}
auth:
  providers:
    kimi: {token_url: "https://x.example/t", device_url: "http://[::1]:8080/d", auth_url: "http://LOCALHOST:1/", base_url: "http://127.0.0.2:9000"}
    codex: {auth_url_endpoint: "/v0/management/codex-auth-url?is_webui=true", status_endpoint: status, redirect_url: ""}
    xai: {auth_url_endpoint: "https://x.example/a", redirect_url: "http://localhost:1455/auth/callback", key_base_url: "http://192.0.2.1:8080/v1"}
`)
	found, err := config.Check(file, s.Env.Getenv)
	if err != nil || len(found.Problems) != 0 {
		t.Errorf("%+v, %v", found, err)
	}
}
