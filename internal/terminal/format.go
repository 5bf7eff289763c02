package terminal

import (
	"fmt"
	"strconv"
	"time"
)

// Join returns the texts that are not empty, with a separator between them.
func Join(separator string, texts ...string) string {
	joined := ""
	for _, text := range texts {
		if text == "" {
			continue
		}
		if joined != "" {
			joined += separator
		}
		joined += text
	}
	return joined
}

// Count returns a number with its noun, whose plural ends in s: "1 service", "3 services".
func Count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}

// Duration returns a duration, rounded down, in one unit or two: "5 s", "3 min", "2 h 10 min", "4 d 3 h".
func Duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 24*time.Hour:
		return twoUnits(int(d.Hours()), "h", int(d.Minutes())%60, "min")
	}
	return twoUnits(int(d.Hours())/24, "d", int(d.Hours())%24, "h")
}

// twoUnits returns two numbers with their units; the second is left out when it is 0.
func twoUnits(large int, unit string, small int, smallUnit string) string {
	if small == 0 {
		return fmt.Sprintf("%d %s", large, unit)
	}
	return fmt.Sprintf("%d %s %d %s", large, unit, small, smallUnit)
}

// Bytes returns a size in bytes as "812 B", "3.4 kB", "15 MB" or "1.2 GB" (powers of 1,000).
func Bytes(n uint64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n), 0
	for value >= 999.5 && unit < 4 {
		value, unit = value/1000, unit+1
	}
	name := []string{"B", "kB", "MB", "GB", "TB"}[unit]
	if value < 9.95 {
		return fmt.Sprintf("%.1f %s", value, name)
	}
	return fmt.Sprintf("%.0f %s", value, name)
}

// Time returns a moment in the local time zone, to the second; "" for the zero time.
func Time(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05")
}
