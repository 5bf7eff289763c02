package logfile

import (
	"bytes"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// Levels of a line, the least severe first.
const (
	LevelDebug = "debug"
	LevelInfo  = "info"
	LevelWarn  = "warn"
	LevelError = "error"
)

// Levels returns all levels, the least severe first.
func Levels() []string { return []string{LevelDebug, LevelInfo, LevelWarn, LevelError} }

// timeWindow is how many bytes of a line are searched for its time and level.
const timeWindow = 160

// ReadTime returns the time of a line: the time of a JSON line, or an ISO 8601 date and
// time near its beginning, in local time unless it has a zone; false when it has none.
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

// parseTime parses the date and time at the beginning of text.
func parseTime(text string) (time.Time, bool) {
	end := strings.IndexFunc(text[19:], func(r rune) bool { return !strings.ContainsRune(".,0123456789Z+-:", r) })
	stamp := text
	if end >= 0 {
		stamp = text[:19+end]
	}
	stamp = strings.TrimRight(strings.Replace(strings.Replace(stamp, ",", ".", 1), " ", "T", 1), ".:-+")
	for _, layout := range [...]string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999",
		"2006/01/02T15:04:05.999999999"} {
		if at, err := time.ParseInLocation(layout, stamp, time.Local); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// Level returns the level of a line: that of a JSON line, or the first word near its
// beginning that names one; "" when there is none.
func Level(line []byte) string {
	if len(line) > 0 && line[0] == '{' {
		return levelOf(strings.ToLower(gjson.GetBytes(line, "level").String()))
	}
	words := bytes.FieldsFunc(line[:min(len(line), timeWindow)],
		func(r rune) bool { return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') })
	for _, word := range words {
		// In running text, a level is in capitals, in brackets or after a label.
		lower := strings.ToLower(string(word))
		if level := levelOf(lower); level != "" && (string(word) != lower || isLabelled(line, word)) {
			return level
		}
	}
	return ""
}

// isLabelled reports whether the word stands in brackets or after a label.
func isLabelled(line, word []byte) bool {
	at := bytes.Index(line, word)
	before := at > 0 && (line[at-1] == '[' || line[at-1] == '=' || line[at-1] == '"')
	end := at + len(word)
	return before || end < len(line) && line[end] == ']'
}

// levelOf returns the level that a word names.
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
