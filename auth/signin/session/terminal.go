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

// Terminal shows instructions to the user and takes the user's input.
type Terminal struct {
	In      io.Reader                           // what the user pastes or pipes
	Out     io.Writer                           // instructions to the user; os.Stderr
	Secret  func(prompt string) (string, error) // asks for a secret without echo; nil without a terminal
	Confirm func(question string) bool          // asks for consent; nil without a terminal
	Environ []string                            // the environment of commands
}

// Say writes a line to the user.
func (s *Session) Say(format string, args ...any) {
	if s.Options.Terminal.Out != nil {
		_, _ = fmt.Fprintf(s.Options.Terminal.Out, format+"\n", args...)
	}
}

// ReadLine reads one line that the user pastes or pipes, at most 64 kB. Fault:
// credential-input.
func (s *Session) ReadLine(ctx context.Context) (string, error) {
	if s.Options.Terminal.In == nil {
		return "", fault.Usage("credential-input", "stdin is not open, so nothing can be read from it").
			WithHint("run it in a terminal")
	}
	type line struct {
		text string
		err  error
	}
	read := make(chan line, 1)
	go func() { // ends with the line or with the process: a read from a terminal cannot be cancelled
		text, err := bufio.NewReader(io.LimitReader(s.Options.Terminal.In, 64<<10)).ReadString('\n')
		if errors.Is(err, io.EOF) && text != "" {
			err = nil
		}
		read <- line{strings.TrimSpace(text), err}
	}()
	select {
	case l := <-read:
		if l.err != nil || l.text == "" {
			return "", fault.Usage("credential-input", "stdin has no line").WithHint("paste or pipe one line")
		}
		return l.text, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// NoteLost sets Lost: an error for a request without an answer, nil after an answer.
func (s *Session) NoteLost(err error) { s.Lost = err }
