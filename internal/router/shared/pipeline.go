package shared

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/gomodule/redigo/redis"
)

// pipeline is commands that one round trip sends.
type pipeline struct{ commands []*command }

// command is a command with the answer to it.
type command struct {
	words redis.Args
	value any // nil: there is no such value, or none yet
	err   error
}

// add adds a command.
func (p *pipeline) add(words ...any) *command {
	c := &command{words: words}
	p.commands = append(p.commands, c)
	return c
}

// set adds a command that sets a value for a time.
func (p *pipeline) set(key, value string, ttl time.Duration) {
	p.add("set", key, value, "px", max(1, ttl.Milliseconds()))
}

// call sends the commands and reads all answers, within callTimeout. It returns the first error, also of those that
// Redis answered.
func (p *pipeline) call(conn redis.ConnWithTimeout) error {
	end := time.Now().Add(callTimeout)
	for _, c := range p.commands {
		if time.Now().After(end) { // a slow network takes a part at a time
			_ = conn.Close()
			return p.fail(context.DeadlineExceeded)
		}
		if err := conn.Send(fmt.Sprint(c.words[0]), c.words[1:]...); err != nil {
			return p.fail(err)
		}
	}
	if err := conn.Flush(); err != nil {
		return p.fail(err)
	}
	var first error
	for i, c := range p.commands {
		left := time.Until(end)
		if left <= 0 {
			_ = conn.Close() // the answers to come belong to these commands
			return cmp.Or(first, (&pipeline{p.commands[i:]}).fail(context.DeadlineExceeded))
		}
		c.value, c.err = conn.ReceiveWithTimeout(left)
		if c.err != nil && conn.Err() != nil {
			return cmp.Or(first, (&pipeline{p.commands[i:]}).fail(c.err)) // Redis may say why, and then hang up
		}
		first = cmp.Or(first, c.err)
	}
	return first
}

// fail gives all commands an error and returns it.
func (p *pipeline) fail(err error) error {
	for _, c := range p.commands {
		c.value, c.err = nil, err
	}
	return err
}

// text returns the answer when it is a text, else "".
func (c *command) text() string {
	text, err := redis.String(c.value, c.err)
	if err != nil {
		return ""
	}
	return text
}

// left returns the answer to the command pttl: how long a value will be kept. It is negative when there is none, or
// when it is kept without end.
func (c *command) left() time.Duration {
	n, err := redis.Int64(c.value, c.err)
	if err != nil {
		return -1
	}
	return time.Duration(n) * time.Millisecond
}

// fields returns the answer to the command hmget: a text for each field, nil for one that is not there.
func (c *command) fields() []any {
	all, err := redis.Values(c.value, c.err)
	if err != nil {
		return nil
	}
	for i, v := range all {
		if text, isText := v.([]byte); isText {
			all[i] = string(text)
		}
	}
	return all
}

// time returns the answer to the command time.
func (c *command) time() (time.Time, error) {
	parts, err := redis.Int64s(c.value, c.err)
	if err != nil {
		return time.Time{}, err
	}
	if len(parts) != 2 {
		return time.Time{}, fmt.Errorf("redigo: the time has %d parts", len(parts))
	}
	return time.Unix(parts[0], parts[1]*1000), nil
}
