package settings

import (
	"cmp"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// Redis says in which Redis several routers share what they know: router_settings.redis_url, or
// redis_host and redis_port, with redis_password, redis_db and cache_kwargs. It holds a password: never
// print or encode it.
type Redis struct {
	Network   string // tcp or unix
	Address   string // host:port, or the path of a socket
	Username  string // empty: Redis's default user
	Password  string // empty: none
	DB        int    // the number of the database
	TLS       bool
	Namespace string // what the names of keys in Redis begin with; may be empty
}

// The defaults of Redis itself.
const (
	defaultRedisPort = 6379
	maxRedisDB       = 1 << 16
)

// redisKeys are the keys of router_settings that readRedis reads.
var redisKeys = []string{"redis_url", "redis_host", "redis_port", "redis_password", "redis_db", "cache_kwargs"}

// readRedis returns where routers share what they know; nil: nowhere. What neither the settings nor the
// address say comes from LiteLLM's variables REDIS_USERNAME, REDIS_PASSWORD, REDIS_DB and REDIS_SSL.
func readRedis(router document.Section) *Redis {
	more := router.Sub("cache_kwargs")
	more.WarnUnknown("username", "password", "db", "ssl", "namespace")
	r := readRedisAddress(router)
	if r == nil {
		warnUnusedRedis(router)
		return nil
	}
	getenv := router.File().Getenv
	r.Namespace = more.Word("namespace")
	r.Username = cmp.Or(r.Username, more.Word("username"), getenv("REDIS_USERNAME"))
	r.Password = cmp.Or(r.Password, router.Word("redis_password"), more.Word("password"), getenv("REDIS_PASSWORD"))
	r.DB = cmp.Or(r.DB, readRedisDB(router, "redis_db"), readRedisDB(more, "db"))
	if n, err := strconv.Atoi(getenv("REDIS_DB")); err == nil && r.DB == 0 && n > 0 && n <= maxRedisDB {
		r.DB = n
	}
	if r.Network == "tcp" && !router.Has("redis_url") {
		r.TLS = more.Has("ssl") && more.Flag("ssl") || !more.Has("ssl") && isTrue(getenv("REDIS_SSL"))
	}
	return r
}

// isTrue reports whether LiteLLM takes the text of a variable for true.
func isTrue(text string) bool {
	text = strings.ToLower(text)
	return text == "true" || text == "1" || text == "yes"
}

// readRedisAddress returns the address, and what it says besides; nil when there is none, or an error in it.
func readRedisAddress(router document.Section) *Redis {
	if address := router.Word("redis_url"); address != "" {
		r, problem := parseRedisURL(strings.TrimSpace(address))
		if problem != "" {
			router.Fail("redis_url", "%s", problem)
		}
		return r
	}
	host := strings.TrimSpace(router.Word("redis_host"))
	if host == "" {
		return nil
	}
	if strings.ContainsAny(host, "/@ \t\r\n") {
		router.Fail("redis_host", "expected the name of a host; an address with redis:// belongs into redis_url")
		return nil
	}
	if name, port, err := net.SplitHostPort(host); err == nil {
		router.Fail("redis_host", "expected the name of a host; write redis_host: %s and redis_port: %s", name, port)
		return nil
	}
	port := router.Count("redis_port")
	if port == nil {
		if !router.Has("redis_port") {
			router.Warn("redis-port-missing", "redis_host", "LiteLLM uses redis_host only together with redis_port; the "+
				"embedded router takes port %d", defaultRedisPort)
		}
		return newRedis(host, defaultRedisPort)
	}
	if *port < 1 || *port > 65535 {
		router.Fail("redis_port", "expected a port from 1 to 65535")
		return nil
	}
	return newRedis(host, *port)
}

// newRedis returns the Redis at a host and a port.
func newRedis(host string, port int) *Redis {
	return &Redis{Network: "tcp", Address: net.JoinHostPort(strings.Trim(host, "[]"), strconv.Itoa(port))}
}

// parseRedisURL reads an address: redis://, rediss:// for TLS, unix://. problem says what is wrong with it,
// never what is in it: an address may hold a password.
func parseRedisURL(address string) (r *Redis, problem string) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, "expected an address such as redis://127.0.0.1:6379/0, with special characters of a password as %XX"
	}
	r, db := newRedis(cmp.Or(u.Hostname(), "localhost"), defaultRedisPort), strings.Trim(u.Path, "/")
	switch u.Scheme {
	case "redis":
	case "rediss":
		r.TLS = true
	case "unix":
		r.Network, r.Address, db = "unix", u.Path, u.Query().Get("db")
		if u.Host != "" || len(u.Path) < 2 {
			return nil, "expected the path of a socket, such as unix:///run/redis/redis.sock"
		}
	default:
		return nil, "expected an address that begins with redis://, rediss:// or unix://"
	}
	if text := u.Port(); text != "" {
		port, err := strconv.Atoi(text)
		if err != nil || port < 1 || port > 65535 {
			return nil, "expected a port from 1 to 65535"
		}
		r.Address = net.JoinHostPort(cmp.Or(u.Hostname(), "localhost"), text)
	}
	if db = cmp.Or(db, u.Query().Get("db")); db != "" {
		if r.DB, err = strconv.Atoi(db); err != nil || r.DB < 0 || r.DB > maxRedisDB {
			return nil, "expected the number of a database after the address, such as redis://127.0.0.1:6379/0"
		}
	}
	r.Username = u.User.Username()
	r.Password, _ = u.User.Password()
	return r, ""
}

// readRedisDB returns the number of a database; 0 when absent.
func readRedisDB(section document.Section, key string) int {
	n := section.Count(key)
	switch {
	case n == nil:
		return 0
	case *n > maxRedisDB:
		section.Fail(key, "expected the number of a database, at most %d", maxRedisDB)
		return 0
	}
	return *n
}

// warnUnusedRedis warns about settings of a Redis that no address belongs to.
func warnUnusedRedis(router document.Section) {
	for _, key := range redisKeys {
		if router.Has(key) && key != "cache_kwargs" && !router.Has("redis_url") && !router.Has("redis_host") {
			router.Warn("redis-without-address", key, "%s has no effect without redis_url or redis_host", key)
		}
	}
}
