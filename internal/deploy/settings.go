package deploy

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/hostname"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// Address is a server that the router connects to.
type Address struct {
	Host string
	Port int
}

// maxDrain is the longest drain: nobody waits longer for a new version.
const maxDrain = time.Hour

// readSettings fills in what the router's settings say.
func (s *Stack) readSettings(cfg *config.Config, at Place) error {
	names := nameKeys(cfg)
	active, err := policy.Refer(cfg, at.Profile, at.Upstream, func(credential string) string { return names[credential] })
	if err != nil {
		return err
	}
	s.Profile, s.Warnings = active.Profile, active.Warnings
	addRedis(active.Config, at.Redis)
	asked := map[string]bool{}
	loaded, problems := settings.ExamineValues(cfg.File, active.Config, placeIn(cfg.File), recordNames(asked))
	if len(problems) > 0 {
		return fault.Usage("settings-invalid", "%s: %s", cfg.File, problems[0].Message).
			WithHint("mage config:check says what is wrong, and where")
	}
	if err := s.writeSettings(cfg, active); err != nil {
		return err
	}
	s.readLoaded(loaded)
	s.Redis = usesRedis(active.Config)
	s.addVariables(active, loaded, asked)
	return nil
}

// placeIn returns the Locator of values whose places are not needed: all are in file.
func placeIn(file string) document.Locator {
	return func([]any) document.Place { return document.Place{File: file} }
}

// recordNames returns an empty environment that records which variables are asked for.
func recordNames(asked map[string]bool) func(string) string {
	return func(name string) string {
		asked[name] = true
		return ""
	}
}

// writeSettings makes the files of the router's settings. What is included stands beside them under names
// of its own, since the folders that the configuration names are not there.
func (s *Stack) writeSettings(cfg *config.Config, active policy.Active) error {
	active.Source = filepath.Base(cfg.File)
	included, err := readIncludes(cfg.Dir, active.Config)
	if err != nil {
		return err
	}
	text, err := active.YAML()
	if err != nil {
		return err
	}
	s.Settings = append([]File{{Path: SettingsFile, Mode: 0o644, Content: string(text)}}, included...)
	return nil
}

// readLoaded fills in what the loaded settings tell.
func (s *Stack) readLoaded(loaded *settings.Settings) {
	s.Telemetry = loaded.Telemetry
	s.Drain = loaded.Timeout
	found := map[Address]bool{}
	for _, d := range loaded.Deployments {
		s.Drain = max(s.Drain, d.Timeout)
		for _, u := range []*url.URL{d.Base, d.MessagesBase, d.RankURL} {
			if u != nil {
				found[addressOf(u)] = true
			}
		}
	}
	s.Drain = min(cmp.Or(s.Drain, settings.DefaultShortTimeout), maxDrain)
	s.Addresses = slices.SortedFunc(maps.Keys(found), func(a, b Address) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Port, b.Port))
	})
	for _, a := range s.Addresses {
		if hostname.IsLoopback(a.Host) {
			s.warn("deploy-address-local", "litellm_base.model_list", fmt.Sprintf("%s:%d is this machine's own address: "+
				"nothing answers there where the router is deployed", a.Host, a.Port))
		}
	}
}

// addressOf returns host and port of an address.
func addressOf(u *url.URL) Address {
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		port = 443
		if u.Scheme == "http" {
			port = 80
		}
	}
	return Address{strings.ToLower(u.Hostname()), port}
}

// warn adds a warning about the setting at path.
func (s *Stack) warn(code, path, message string) {
	s.Warnings = append(s.Warnings, config.Warning{Code: code, Path: path, Message: message})
}

// RedisVariable is the variable that has the password of a Redis that is deployed with the routers.
const RedisVariable = "REDIS_PASSWORD"

// addRedis has the settings name the Redis at an address, unless they name one.
func addRedis(values map[string]any, address string) {
	host, port, isAddress := strings.Cut(address, ":")
	router, _ := values["router_settings"].(map[string]any)
	if !isAddress || usesRedis(values) {
		return
	}
	if router == nil {
		router = map[string]any{}
		values["router_settings"] = router
	}
	number, _ := strconv.Atoi(port)
	router["redis_host"], router["redis_port"], router["redis_password"] = host, number, "os.environ/"+RedisVariable
}

// usesRedis reports whether the settings name a Redis.
func usesRedis(values map[string]any) bool {
	router, _ := values["router_settings"].(map[string]any)
	return router["redis_host"] != nil || router["redis_url"] != nil
}

// readIncludes returns the files that the settings include, under names of their own, and has the settings
// and these files name them so. A file that is included twice is one.
func readIncludes(dir string, values map[string]any) ([]File, error) {
	names := map[string]string{}
	var files []File
	var follow func(dir string, values map[string]any) error
	follow = func(dir string, values map[string]any) error {
		list, _ := values["include"].([]any)
		for i, item := range list {
			path, _ := item.(string)
			if !filepath.IsAbs(path) {
				path = filepath.Join(dir, path)
			}
			if names[path] == "" {
				names[path] = fmt.Sprintf("include-%d.yaml", len(names)+1)
				inner, err := readInclude(path)
				if err != nil {
					return err
				}
				if err := follow(filepath.Dir(path), inner); err != nil {
					return err
				}
				text, err := yaml.MarshalWithOptions(inner, yaml.IndentSequence(true))
				if err != nil {
					return fmt.Errorf("encode %s: %w", path, err)
				}
				files = append(files, File{Path: names[path], Mode: 0o644, Content: string(text)})
			}
			list[i] = names[path]
		}
		return nil
	}
	if err := follow(dir, values); err != nil {
		return nil, err
	}
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return files, nil
}
