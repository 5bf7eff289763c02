package checks

import "github.com/flowgate-go/flowgate/internal/fault"

// Cause is the detail of a check that an operation's fault failed.
type Cause struct {
	Code   string `json:"code"`
	Text   string `json:"reason"`
	Detail any    `json:"detail"`
}

// Reason implements report.Reasoned.
func (c Cause) Reason() string { return c.Text }

// FromFault returns a failed outcome with the message, detail and hint of a fault.
func FromFault(err error) Outcome {
	f := fault.From(err)
	o := Failed("%s", f.Message)
	if f.Detail != nil {
		o.Detail = Cause{f.Code, f.Message, f.Detail}
	}
	if f.Hint != "" {
		o = o.WithFix("", f.Hint)
	}
	return o
}
