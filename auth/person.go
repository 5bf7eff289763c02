package auth

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// Person is who signs in.
type Person struct {
	In      io.Reader                           // what is pasted or piped
	Out     io.Writer                           // what to open and to type; os.Stderr
	Secret  func(prompt string) (string, error) // asks without echo; nil when there is no terminal
	Confirm func(question string) bool          // asks for leave; nil when there is no terminal
	Environ []string                            // what a command inherits
}

// say tells the person something.
func (s *signIn) say(format string, args ...any) {
	if s.o.Person.Out != nil {
		_, _ = fmt.Fprintf(s.o.Person.Out, format+"\n", args...)
	}
}

// readLine reads one line of what a person pastes or pipes, at most 64 kB.
func (s *signIn) readLine(ctx context.Context) (string, error) {
	if s.o.Person.In == nil {
		return "", fault.Usage("credential-input", "there is nobody to ask: stdin is not open").WithHint("run it in a terminal")
	}
	type line struct {
		text string
		err  error
	}
	read := make(chan line, 1)
	go func() { // ends with the line or with the process: a read from a terminal cannot be called off
		text, err := bufio.NewReader(io.LimitReader(s.o.Person.In, 64<<10)).ReadString('\n')
		if errors.Is(err, io.EOF) && text != "" {
			err = nil
		}
		read <- line{strings.TrimSpace(text), err}
	}()
	select {
	case l := <-read:
		if l.err != nil || l.text == "" {
			return "", fault.Usage("credential-input", "nothing was given on stdin").WithHint("paste or pipe one line")
		}
		return l.text, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// harmless is a code or an address that another program gave, for a terminal:
// on one line, and without signs that a terminal obeys or that change how the
// rest of the line looks.
func harmless(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.TrimSpace(text))
}
