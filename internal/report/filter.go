package report

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/itchyny/gojq"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/printable"
)

// Filter is a compiled jq expression. It sees neither the environment nor files.
type Filter struct{ code *gojq.Code }

// ErrNoOutput says that a filter gave no value or that its last value was false or
// null. Only -exit turns it into an exit status, as jq -e does.
var ErrNoOutput = errors.New("the filter's last value is false, null or absent")

// CompileFilter parses and compiles expr. Its fault is jq-invalid, exit status 3.
func CompileFilter(expr string) (*Filter, error) {
	query, err := gojq.Parse(expr)
	if err != nil {
		return nil, invalidJQFault(expr, err)
	}
	code, err := gojq.Compile(query, gojq.WithEnvironLoader(func() []string { return nil }))
	if err != nil {
		return nil, invalidJQFault(expr, err)
	}
	return &Filter{code}, nil
}

// invalidJQFault returns the fault jq-invalid for an expression.
func invalidJQFault(expr string, err error) error {
	f := fault.New("jq-invalid", "jq expression %q: %w", expr, err)
	f.Exit = fault.ExitFilter
	return f.WithHint("quote it in single quotes; the language is jq's: https://jqlang.org/manual/")
}

// Print runs the filter over v (as Decode returns it) and writes each value on
// lines of its own: strings bare when raw, values indented when indent. Nothing
// is written when the expression fails (fault jq-failed, exit status 3) or ctx
// ends. It returns ErrNoOutput when the last value is false, null or absent.
func (f *Filter) Print(ctx context.Context, w io.Writer, v any, raw, indent bool) error {
	var out bytes.Buffer
	last := any(nil)
	for values := f.code.RunWithContext(ctx, v); ; {
		value, ok := values.Next()
		if !ok {
			break
		}
		if err, isError := value.(error); isError {
			if halt, ok := errors.AsType[*gojq.HaltError](err); ok && halt.Value() == nil {
				break
			}
			return jqFault(ctx, err)
		}
		if err := appendValue(&out, value, raw, indent); err != nil {
			return jqFault(ctx, err)
		}
		last = value
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return err
	}
	if last == nil || last == false {
		return ErrNoOutput
	}
	return nil
}

// Interrupted returns the fault of a command that a signal ended.
func Interrupted() *fault.Error {
	f := fault.New("interrupted", "interrupted before the end")
	f.Exit = fault.ExitInterrupted
	return f
}

// jqFault returns the fault of a filter that failed on a document: jq-failed, or interrupted when
// ctx has ended.
func jqFault(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return Interrupted()
	}
	f := fault.New("jq-failed", "jq expression: %w", err)
	f.Exit = fault.ExitFilter
	return f.WithHint("run the target without -jq to see the document that the expression was given")
}

// appendValue appends a value and a line end to out.
func appendValue(out *bytes.Buffer, v any, raw, indent bool) error {
	if s, ok := v.(string); ok && raw {
		out.WriteString(s)
		out.WriteByte('\n')
		return nil
	}
	b, err := gojq.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode value: %w", err)
	}
	b = printable.EscapeJSON(b)
	if indent {
		if err := json.Indent(out, b, "", "  "); err != nil {
			return fmt.Errorf("indent value: %w", err)
		}
	} else {
		out.Write(b)
	}
	out.WriteByte('\n')
	return nil
}

// Decode reads the next JSON document of a stream with its numbers exact, as
// Filter.Print takes it; io.EOF ends the stream.
func Decode(d *json.Decoder) (any, error) {
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}
