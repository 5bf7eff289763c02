package tasks

import (
	"strconv"
	"time"

	"github.com/flowgate-go/flowgate/internal/commandline"
)

// arguments holds what a target was called with. The command line was checked before, so each
// value can be parsed.
type arguments []commandline.Value

// text returns the value of a parameter that must be given.
func (a arguments) text(name string) string { return deref(a.optionalText(name)) }

// optionalText returns the text of a parameter: nil when it was not given, and the last one when
// it was given several times.
func (a arguments) optionalText(name string) *string {
	for i := len(a) - 1; i >= 0; i-- {
		if a[i].Param.Name == name {
			return &a[i].Text
		}
	}
	return nil
}

// optionalBool is optionalText for a switch.
func (a arguments) optionalBool(name string) *bool { return readOptional(a, name, strconv.ParseBool) }

// optionalInt is optionalText for a number.
func (a arguments) optionalInt(name string) *int { return readOptional(a, name, strconv.Atoi) }

// optionalDuration is optionalText for a length of time.
func (a arguments) optionalDuration(name string) *time.Duration {
	return readOptional(a, name, time.ParseDuration)
}

// readOptional returns the value of a parameter as read parses it, nil when it was not given.
func readOptional[T any](a arguments, name string, read func(string) (T, error)) *T {
	text := a.optionalText(name)
	if text == nil {
		return nil
	}
	value, err := read(*text)
	if err != nil {
		return nil
	}
	return &value
}

// number returns the value of a number that must be given.
func (a arguments) number(name string) int { return deref(a.optionalInt(name)) }
