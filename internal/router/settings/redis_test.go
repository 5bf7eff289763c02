package settings_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// withRedis loads a file with lines of router_settings.
func withRedis(t *testing.T, env map[string]string, lines ...string) (*settings.Settings, error) {
	t.Helper()
	text := minimal + "router_settings:\n"
	for _, line := range lines {
		text += "  " + line + "\n"
	}
	return load(t, text, "127.0.0.1:1", "", env)
}

func TestRedisIsReadAsInLiteLLM(t *testing.T) {
	t.Parallel()
	env := map[string]string{"HOST": "redis.example", "PORT": "6380", "PASS": "p1", "URL": "rediss://u:p%40@r.example:7000/3"}
	withEnv := map[string]string{"REDIS_PASSWORD": "pe", "REDIS_USERNAME": "ue", "REDIS_DB": "4", "REDIS_SSL": "True"}
	for lines, c := range map[string]struct {
		env  map[string]string
		want settings.Redis
	}{
		"redis_host: h\nredis_port: 6379": {nil, settings.Redis{Network: "tcp", Address: "h:6379"}},
		"redis_host: h":                   {nil, settings.Redis{Network: "tcp", Address: "h:6379"}},
		"redis_host: os.environ/HOST\nredis_port: os.environ/PORT\nredis_password: os.environ/PASS": {env,
			settings.Redis{Network: "tcp", Address: "redis.example:6380", Password: "p1"}},
		"redis_url: os.environ/URL": {env, settings.Redis{Network: "tcp", Address: "r.example:7000", Username: "u",
			Password: "p@", DB: 3, TLS: true}},
		"redis_url: redis://:pw@h\nredis_host: other\nredis_port: 1": {withEnv, settings.Redis{Network: "tcp",
			Address: "h:6379", Username: "ue", Password: "pw", DB: 4}},
		"redis_host: h\nredis_port: '7'\nredis_db: 2\ncache_kwargs: {ssl: true, username: u, namespace: team}": {nil,
			settings.Redis{Network: "tcp", Address: "h:7", Username: "u", DB: 2, TLS: true, Namespace: "team"}},
		"redis_host: h\nredis_port: 1\nredis_password: p": {withEnv, settings.Redis{Network: "tcp", Address: "h:1",
			Username: "ue", Password: "p", DB: 4, TLS: true}},
		"redis_host: h\nredis_port: 1\ncache_kwargs: {ssl: false, password: k}": {withEnv, settings.Redis{Network: "tcp",
			Address: "h:1", Username: "ue", Password: "k", DB: 4}},
		"redis_url: unix:///run/redis.sock?db=1":   {nil, settings.Redis{Network: "unix", Address: "/run/redis.sock", DB: 1}},
		"redis_host: '::1'\nredis_port: 6379":      {nil, settings.Redis{Network: "tcp", Address: "[::1]:6379"}},
		"redis_url: redis://[::1]:6390?db=5":       {nil, settings.Redis{Network: "tcp", Address: "[::1]:6390", DB: 5}},
		"redis_url: redis://localhost:6379/0":      {nil, settings.Redis{Network: "tcp", Address: "localhost:6379"}},
		"redis_url: redis://:6379":                 {nil, settings.Redis{Network: "tcp", Address: "localhost:6379"}},
		"redis_url: 'redis://u:a%3Ab@h:6379/0'":    {nil, settings.Redis{Network: "tcp", Address: "h:6379", Username: "u", Password: "a:b"}},
		"redis_host: ' h '\nredis_port: 6379 # x ": {nil, settings.Redis{Network: "tcp", Address: "h:6379"}},
	} {
		s, err := withRedis(t, c.env, strings.Split(lines, "\n")...)
		if err != nil || s.Redis == nil || *s.Redis != c.want {
			t.Errorf("%s: %v, %+v; want %+v", lines, err, s, c.want)
		}
	}
}

func TestAMistakeInTheSettingsOfRedisIsNamedWithItsLine(t *testing.T) {
	t.Parallel()
	for lines, want := range map[string]string{
		"redis_host: h\nredis_port: 0":                ":6:3: router_settings.redis_port: expected a port from 1 to 65535",
		"redis_host: h\nredis_port: 65536":            ":6:3: router_settings.redis_port: expected a port",
		"redis_host: h\nredis_port: six":              ":6:3: router_settings.redis_port: expected a number, found text",
		"redis_host: h:6379":                          "write redis_host: h and redis_port: 6379",
		"redis_host: redis://h":                       "belongs into redis_url",
		"redis_url: http://u:secret-pw@h":             ":5:3: router_settings.redis_url: expected an address that begins with",
		"redis_url: 'redis://u:secret-pw %zz@h'":      "special characters of a password as %XX",
		"redis_url: redis://u:secret-pw@h:0":          "expected a port from 1 to 65535",
		"redis_url: redis://u:secret-pw@h/x":          "expected the number of a database",
		"redis_url: redis://h/-1":                     "expected the number of a database",
		"redis_url: unix://run/redis.sock":            "expected the path of a socket",
		"redis_host: 5":                               ":5:3: router_settings.redis_host: expected text, found 5",
		"redis_host: h\nredis_port: 1\nredis_db: 1.5": ":7:3: router_settings.redis_db: expected a whole number",
		"redis_host: h\nredis_db: 70000":              "expected the number of a database, at most 65536",
		"redis_host: h\ncache_kwargs: [a]":            ":6:3: router_settings.cache_kwargs: expected a mapping",
	} {
		s, err := withRedis(t, nil, strings.Split(lines, "\n")...)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret-pw") {
			t.Errorf("%s: %v, %v; want %q without the password", lines, err, s, want)
		}
	}
}

func TestSettingsOfRedisWithoutEffectAreNamed(t *testing.T) {
	t.Parallel()
	for lines, want := range map[string]string{
		"redis_host: h\nredis_port: 1": "",
		"redis_host: h":                "redis-port-missing router_settings.redis_host",
		"redis_port: 1":                "redis-without-address router_settings.redis_port",
		"redis_password: p":            "redis-without-address router_settings.redis_password",
		"redis_url: os.environ/NONE":   "environment-variable-unset router_settings.redis_url",
		"redis_host: h\nredis_port: 1\ncache_kwargs: {ttl: 1}": "setting-without-effect router_settings.cache_kwargs.ttl",
		"redis_host: h\nredis_port: 1\nredis_password: os.environ/NONE": "environment-variable-unset " +
			"router_settings.redis_password",
	} {
		s, err := withRedis(t, nil, strings.Split(lines, "\n")...)
		if err != nil {
			t.Errorf("%s: %v", lines, err)
			continue
		}
		got := ""
		for _, w := range s.Warnings {
			got += w.Code + " " + w.Path
		}
		if got != want {
			t.Errorf("%s: %q, want %q", lines, got, want)
		}
	}
}
