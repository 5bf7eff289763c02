package session

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// Terminal is who signs in.
type Terminal struct {
	In      io.Reader                           // what is pasted or piped
	Out     io.Writer                           // what to open and to type; os.Stderr
	Secret  func(prompt string) (string, error) // asks without echo; nil when there is no terminal
	Confirm func(question string) bool          // asks for leave; nil when there is no terminal
	Environ []string                            // what a command inherits
}

// Say tells the person something.
func (s *Session) Say(format string, args ...any) {
	if s.Options.Terminal.Out != nil {
		_, _ = fmt.Fprintf(s.Options.Terminal.Out, format+"\n", args...)
	}
}

// ReadLine reads one line of what a person pastes or pipes, at most 64 kB.
func (s *Session) ReadLine(ctx context.Context) (string, error) {
	if s.Options.Terminal.In == nil {
		return "", fault.Usage("credential-input", "there is nobody to ask: stdin is not open").WithHint("run it in a terminal")
	}
	type line struct {
		text string
		err  error
	}
	read := make(chan line, 1)
	go func() { // ends with the line or with the process: a read from a terminal cannot be called off
		text, err := bufio.NewReader(io.LimitReader(s.Options.Terminal.In, 64<<10)).ReadString('\n')
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

// NoteLost remembers why the last question had no answer; nil when it had one.
func (s *Session) NoteLost(err error) { s.Lost = err }
