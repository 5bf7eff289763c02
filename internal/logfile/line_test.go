package logfile_test

import (
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/logfile"
)

func TestTimeAndLevelAreReadAsTheProgramsWriteThem(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 4, 1, 20, 0, time.UTC)
	local := time.Date(2026, 11, 24, 4, 1, 20, 0, time.Local)
	for _, c := range []struct {
		line  string
		at    time.Time
		level string
	}{
		{`{"time":"2026-11-24T04:01:20Z","level":"WARN","msg":"x"}`, at, logfile.LevelWarn},
		{`{"timestamp":"2026-11-24T05:01:20.000+01:00","level":"error"}`, at, logfile.LevelError},
		{`{"msg":"no time, ERROR in text"}`, time.Time{}, ""},
		{`[2026-11-24 04:01:20] [--------] [info ] [main.go:12] CLIProxyAPI started`, local, logfile.LevelInfo},
		{`time="2026-11-24T04:01:20Z" level=warning msg="x"`, at, logfile.LevelWarn},
		{`2026/11/24 04:01:20 hello, an error happened`, local, ""},
		{"INFO:     127.0.0.1:5 - \"GET /health\" 200 OK", time.Time{}, logfile.LevelInfo},
		{"04:01:20 - LiteLLM Proxy:ERROR: proxy_server.py:12 - x", time.Time{}, logfile.LevelError},
		{"Traceback (most recent call last):", time.Time{}, logfile.LevelError},
		{"20 2026-99-99 20:20", time.Time{}, ""},
		{"", time.Time{}, ""},
	} {
		got, ok := logfile.ReadTime([]byte(c.line))
		if ok == c.at.IsZero() || !got.Equal(c.at) {
			t.Errorf("%q: time %v, %v", c.line, got, ok)
		}
		if got := logfile.Level([]byte(c.line)); got != c.level {
			t.Errorf("%q: level %q, want %q", c.line, got, c.level)
		}
	}
}

func FuzzLine(f *testing.F) {
	for _, seed := range []string{`{"time":"2026`, "[2026-11-24 04:01:20", "20", "2020-20-20T20:20:20.,", "error]",
		"\xff20"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if at, ok := logfile.ReadTime(line); ok && at.IsZero() {
			t.Error("a time that is none")
		}
		logfile.Level(line)
	})
}
