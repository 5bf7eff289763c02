package cluster_test

import (
	"strconv"
	"strings"

	"github.com/gomodule/redigo/redis"
)

// redisAt returns a connection with the Redis at a port; password may be empty.
func (c *cluster) redisAt(port, password string) redis.Conn {
	c.t.Helper()
	conn, err := redis.DialContext(c.t.Context(), "tcp", "127.0.0.1:"+port, redis.DialPassword(password))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// askRedis sends a command to Redis, and returns what it answers.
func (c *cluster) askRedis(command string) string {
	c.t.Helper()
	return c.ask(c.redisAt(c.redisCommand[2], ""), command)
}

// ask sends a command, and returns what Redis answers as a text.
func (c *cluster) ask(conn redis.Conn, command string) string {
	c.t.Helper()
	words := wordsOf(command)
	answer, err := conn.Do(words[0].(string), words[1:]...)
	if err != nil {
		c.t.Fatalf("%s: %v", command, err)
	}
	text, _ := redis.String(answer, nil) // "" for what is no text
	return text
}

// redisNumber returns the number that follows a text in what Redis answers; 0 when it is not there.
func (c *cluster) redisNumber(command, after string) int {
	c.t.Helper()
	_, rest, isThere := strings.Cut(c.askRedis(command), after)
	if !isThere {
		return 0
	}
	digits := rest[:strings.IndexFunc(rest+" ", func(r rune) bool { return r < '0' || r > '9' })]
	n, err := strconv.Atoi(digits)
	if err != nil {
		c.t.Fatalf("%s: %v", command, err)
	}
	return n
}

// countReads returns how often Redis was asked for a value. The only requests that ask are those of a session
// that the router has not seen; no router asks beside them, once it has started.
func (c *cluster) countReads() int { return c.redisNumber("INFO commandstats", "cmdstat_get:calls=") }
