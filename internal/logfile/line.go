package logfile

import (
	"bytes"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// Levels that a line can have, the least first.
const (
	LevelDebug = "debug"
	LevelInfo  = "info"
	LevelWarn  = "warn"
	LevelError = "error"
)

// Levels are all of them, the least first.
func Levels() []string { return []string{LevelDebug, LevelInfo, LevelWarn, LevelError} }

// timeWindow is how much of a line time and level are looked for in.
const timeWindow = 160

// ReadTime is when a line says that it was written: the time of a JSON line, or an
// ISO 8601 date and time near its beginning, local unless it says otherwise.
// False when it says nothing.
func ReadTime(line []byte) (time.Time, bool) {
	if len(line) > 0 && line[0] == '{' {
		for _, key := range [...]string{"time", "timestamp", "ts"} {
			if at, err := time.Parse(time.RFC3339Nano, gjson.GetBytes(line, key).String()); err == nil {
				return at, true
			}
		}
		return time.Time{}, false
	}
	text := string(line[:min(len(line), timeWindow)])
	for i := strings.Index(text, "20"); i >= 0 && i+19 <= len(text); {
		if at, ok := parseTime(text[i:]); ok {
			return at, true
		}
		next := strings.Index(text[i+1:], "20")
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return time.Time{}, false
}

func parseTime(text string) (time.Time, bool) {
	end := strings.IndexFunc(text[19:], func(r rune) bool { return !strings.ContainsRune(".,0123456789Z+-:", r) })
	stamp := text
	if end >= 0 {
		stamp = text[:19+end]
	}
	stamp = strings.TrimRight(strings.Replace(strings.Replace(stamp, ",", ".", 1), " ", "T", 1), ".:-+")
	for _, layout := range [...]string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006/01/02T15:04:05.999999999"} {
		if at, err := time.ParseInLocation(layout, stamp, time.Local); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// Level is the level that a line names: of a JSON line, or the first word near
// its beginning that is one. "" when it names none.
func Level(line []byte) string {
	if len(line) > 0 && line[0] == '{' {
		return levelOf(strings.ToLower(gjson.GetBytes(line, "level").String()))
	}
	words := bytes.FieldsFunc(line[:min(len(line), timeWindow)], func(r rune) bool { return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') })
	for _, word := range words {
		// In running text only capitals, or a bracketed or labelled word, are meant so.
		lower := strings.ToLower(string(word))
		if level := levelOf(lower); level != "" && (string(word) != lower || labelled(line, word)) {
			return level
		}
	}
	return ""
}

func labelled(line, word []byte) bool {
	at := bytes.Index(line, word)
	before := at > 0 && (line[at-1] == '[' || line[at-1] == '=' || line[at-1] == '"')
	end := at + len(word)
	return before || end < len(line) && line[end] == ']'
}

func levelOf(word string) string {
	switch word {
	case "trace", "debug", "verbose":
		return LevelDebug
	case "info", "notice":
		return LevelInfo
	case "warn", "warning":
		return LevelWarn
	case "err", "error", "critical", "fatal", "panic", "exception", "traceback":
		return LevelError
	}
	return ""
}
