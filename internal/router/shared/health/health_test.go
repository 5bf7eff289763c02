package health_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/gomodule/redigo/redis"

	"github.com/flowgate-go/flowgate/internal/router/shared/health"
)

func TestErrorsAreNamedByWhatToDo(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]health.Problem{
		"NOAUTH Authentication required.": health.Refused, "WRONGPASS invalid username-password pair": health.Refused,
		"NOPERM this user has no permissions": health.Refused, "ERR invalid password": health.Refused,
		"ERR Client sent AUTH, but no password is set":           health.Refused,
		"OOM command not allowed when used memory > 'maxmemory'": health.Full,
		"MISCONF Redis is configured to save RDB snapshots":      health.Full,
		"ERR max number of clients reached":                      health.Full,
		"READONLY You can't write against a read only replica.":  health.ReadOnly,
		"LOADING Redis is loading the dataset in memory":         health.NotReady,
		"BUSY Redis is busy running a script.":                   health.NotReady,
		"MASTERDOWN Link with MASTER is down":                    health.NotReady,
		"MOVED 3999 127.0.0.1:6381":                              health.Clustered,
		"CLUSTERDOWN The cluster is down":                        health.Clustered,
		"ERR unknown command 'PTTL'":                             health.TooOld,
		"ERR wrong number of arguments for 'auth' command":       health.TooOld,
		"ERR Error running script (call to f_0): @user_script:18: Write commands not allowed after non deterministic " +
			"commands": health.TooOld,
		"ERR Error running script (call to f_0): @user_script: 28: Wrong number of args calling Redis command From " +
			"Lua script": health.TooOld,
		"WRONGTYPE Operation against a key holding the wrong kind of ...": health.Strange,
	} {
		if got := health.Classify(redis.Error(text)); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	for _, c := range []struct {
		err  error
		want health.Problem
	}{{nil, ""}, {fmt.Errorf("get: %w", redis.Error("NOPERM")), health.Refused},
		{context.DeadlineExceeded, health.Slow}, {io.EOF, health.Unreachable},
		{&net.OpError{Op: "dial", Err: errors.New("refused")}, health.Unreachable}} {
		if got := health.Classify(c.err); got != c.want {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
}
