package deploy

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

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
	if at.Redis != "" && usesRedis(active.Config) {
		return twoRedisFault(cfg.File)
	}
	foreign := addRedis(active.Config, at.Redis)
	asked := map[string]bool{}
	loaded, problems := settings.ExamineValues(cfg.File, active.Config, placeIn(cfg.File), recordNames(asked))
	if len(problems) > 0 {
		return fault.Usage("settings-invalid", "%s: %s", cfg.File, problems[0].Message).
			WithHint("mage config:check says what is wrong, and where")
	}
	delete(active.Config, "include") // what the files have is in active.Config now
	if err := checkIncluded(cfg.File, active.Config); err != nil {
		return err
	}
	if err := s.writeSettings(cfg, active); err != nil {
		return err
	}
	s.readLoaded(loaded)
	s.readRedis(active.Config)
	if at.Redis != "" && !s.connectsTo(at.Redis) { // an included file names another one
		return twoRedisFault(cfg.File)
	}
	s.MasterKey = masterKeyOf(active.Config)
	for _, name := range foreign {
		delete(asked, name)
	}
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

// writeSettings makes the file of the router's settings.
func (s *Stack) writeSettings(cfg *config.Config, active policy.Active) error {
	text, err := active.YAML()
	if err != nil {
		return err
	}
	_, body, _ := strings.Cut(string(text), "\n") // without the line that names this machine's files
	head := fmt.Sprintf("# From %s, profile %s.\n", filepath.Base(cfg.File), active.Profile)
	s.Settings = []File{{Path: SettingsFile, Mode: 0o644, Content: head + body}}
	return nil
}

// readLoaded fills in what the loaded settings tell.
func (s *Stack) readLoaded(loaded *settings.Settings) {
	s.Telemetry, s.OpenMetrics = loaded.Telemetry, loaded.OpenMetrics
	s.Drain = loaded.Timeout
	found := map[Address]bool{}
	for _, d := range loaded.Deployments {
		s.Drain = max(s.Drain, d.Timeout)
		for _, u := range []*url.URL{d.Base, d.MessagesBase, d.RankURL} {
			if u != nil {
				found[addressOf(u)] = true
			}
		}
		if d.AWS != nil {
			found[Address{"amazonaws.com", 443}] = true
		}
		if d.Vertex != nil {
			found[Address{"googleapis.com", 443}] = true
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

// twoRedisFault returns the fault deploy-option for a Redis that is to be deployed and that no router would ask.
func twoRedisFault(file string) error {
	return fault.Usage("deploy-option", "-redis: router_settings of %s name a Redis, which the routers use", file).
		WithHint("leave -redis out; or take redis_host and redis_url out of router_settings, and the one that is " +
			"deployed is used")
}

// connectsTo reports whether the router connects to an address, host:port.
func (s *Stack) connectsTo(address string) bool {
	return slices.ContainsFunc(s.Addresses, func(a Address) bool {
		return net.JoinHostPort(a.Host, strconv.Itoa(a.Port)) == address
	})
}

// addRedis has the settings name the Redis at an address, "" for none. It returns the variables that are about another
// Redis, that of this machine.
func addRedis(values map[string]any, address string) []string {
	host, port, isAddress := strings.Cut(address, ":")
	router, _ := values["router_settings"].(map[string]any)
	if !isAddress {
		return nil
	}
	if router == nil {
		router = map[string]any{}
		values["router_settings"] = router
	}
	number, _ := strconv.Atoi(port)
	router["redis_host"], router["redis_port"], router["redis_password"] = host, number, "os.environ/"+RedisVariable
	return []string{"REDIS_DB", "REDIS_SSL", "REDIS_USERNAME"}
}

// usesRedis reports whether the settings name a Redis.
func usesRedis(values map[string]any) bool {
	router, _ := values["router_settings"].(map[string]any)
	return router["redis_host"] != nil || router["redis_url"] != nil
}

// readRedis fills in whether routers share state through Redis, and where it is. An address that is a
// reference is known only there: then the host is "".
func (s *Stack) readRedis(values map[string]any) {
	if s.Redis = usesRedis(values); !s.Redis {
		return
	}
	router, _ := values["router_settings"].(map[string]any)
	host, _ := router["redis_host"].(string)
	port, err := strconv.Atoi(fmt.Sprint(router["redis_port"]))
	if err != nil {
		port = redisPort
	}
	if address, isText := router["redis_url"].(string); isText {
		if u, err := url.Parse(address); err == nil && u.Hostname() != "" {
			host = u.Hostname()
			port, _ = strconv.Atoi(cmp.Or(u.Port(), strconv.Itoa(redisPort)))
		}
	}
	if strings.HasPrefix(host, "os.environ/") {
		host = ""
	}
	s.Addresses = append(s.Addresses, Address{host, port})
}

// redisPort is the port that Redis has by default.
const redisPort = 6379

// masterKeyOf returns the variable that the settings have the gateway key in.
func masterKeyOf(values map[string]any) string {
	general, _ := values["general_settings"].(map[string]any)
	key, _ := general["master_key"].(string)
	return strings.TrimPrefix(key, "os.environ/")
}
