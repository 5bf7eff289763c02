// Package cliproxy is a client of CLIProxyAPI and CLIProxyAPIPlus: ReadFile reads
// their configuration file, Client calls their management API. It supports both
// generations, 7 and the Plus family's 6; where they differ the methods' comments say
// so.
//
// It never writes their files, never prints a key, and after the first refusal
// of a key never presents it again: five wrong ones ban this machine for half
// an hour.
package cliproxy

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/loopback"
	"github.com/flowgate-go/flowgate/internal/tcp"
)

// requestTimeout bounds one request; the server's bcrypt check of the key takes 60 ms.
const requestTimeout = 10 * time.Second

// maxReply bounds a reply, in bytes.
const maxReply = 8 << 20

// ErrUnsupported reports that the server has no such route: it is of the other
// generation, or another fork.
var ErrUnsupported = errors.New("this CLIProxyAPI has no such route")

// Client calls the management API of one server. It is not safe for concurrent use.
type Client struct {
	Base string       // "http://127.0.0.1:8317"
	Key  string       // management key; it is sent in a header only
	HTTP *http.Client // default: confirms that the server is a process of this user

	Version string // of the server, known after its first reply; "" if it does not report one
	Seven   bool   // the server is of generation 7; false before the first reply

	refusal error
}

// call sends a request and decodes the reply into out, unless that is nil. Faults:
// management-unreachable, listener-not-ours, management-key-refused, management-banned,
// management-off, management-failed; ErrUnsupported.
func (c *Client) call(ctx context.Context, method, path string, query url.Values, in, out any) error {
	if c.refusal != nil {
		return c.refusal
	}
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	reply, status, err := c.send(ctx, method, "/v0/management/"+path, query, body)
	if err != nil {
		return err
	}
	if err := c.judge(status, reply); err != nil {
		return err
	}
	if out == nil {
		return nil
	}
	if IsCutShort(reply) {
		return unreachableFault(c.Base, io.ErrUnexpectedEOF)
	}
	if err := json.Unmarshal(reply, out); err != nil {
		return fault.New("management-failed", "%s/v0/management/%s did not answer as CLIProxyAPI does: the reply is not "+
			"JSON of the expected form",
			c.Base, path).
			WithHint("is another program listening there? mage doctor checks that")
	}
	return nil
}

// IsCutShort reports whether reply is JSON whose end is missing because the connection
// broke.
func IsCutShort(reply []byte) bool {
	var value json.RawMessage
	err := json.NewDecoder(bytes.NewReader(reply)).Decode(&value)
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// send sends one request and returns its reply and status.
func (c *Client) send(ctx context.Context, method, path string, query url.Values, body io.Reader) ([]byte, int, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	address := strings.TrimRight(c.Base, "/") + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, 0, unreachableFault(c.Base, err)
	}
	req.Header.Set("Content-Type", "application/json")
	if c.Key != "" {
		req.Header.Set("Authorization", "Bearer "+c.Key)
	}
	res, err := c.client().Do(req)
	if err != nil {
		return nil, 0, unreachableFault(c.Base, err)
	}
	defer func() { _ = res.Body.Close() }()
	if v := res.Header.Get("X-Cpa-Version"); v != "" {
		c.Version, c.Seven = v, res.Header.Get("X-Cpa-Support-Plugin") != ""
	}
	reply, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	if err != nil {
		return nil, 0, unreachableFault(c.Base, err)
	}
	return reply, res.StatusCode, nil
}

// client returns HTTP, or the default for it.
func (c *Client) client() *http.Client {
	if c.HTTP == nil {
		c.HTTP = loopback.New(loopback.Options{MaxReply: maxReply})
	}
	return c.HTTP
}

// unreachableFault returns the fault for a request without an answer. It leaves out the
// URL in errors of net/http, whose query has the state or the code of a sign-in.
func unreachableFault(base string, err error) error {
	err = fault.WithoutURL(err)
	if foreign := (*tcp.ForeignPeerError)(nil); errors.As(err, &foreign) {
		return fault.New("listener-not-ours", "the management key was not sent: %w", foreign).
			WithHint("mage status shows what runs; end that process, or give the service another port")
	}
	return fault.New("management-unreachable", "CLIProxyAPI at %s does not answer: %w", base, err).
		WithHint("mage start brings it up; mage status shows what runs")
}

// judge returns the error for a status other than 2xx, and stops the client after a
// refused key.
func (c *Client) judge(status int, reply []byte) error {
	reason := readReason(reply)
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusUnauthorized:
		c.refusal = fault.New("management-key-refused",
			"CLIProxyAPI at %s refused the management key (%s); it was tried once and not again", c.Base, reason).
			WithHint("the key in .router/secrets/management.key must be what remote-management.secret-key was when the " +
				"server started; five wrong tries ban this machine for 30 minutes")
		return c.refusal
	case status == http.StatusForbidden && strings.Contains(reason, "banned"):
		c.refusal = fault.New("management-banned", "CLIProxyAPI at %s has banned this machine: %s", c.Base, reason).
			WithHint("wait, or restart it (mage restart cliproxyapi_plus), and correct .router/secrets/management.key first")
		return c.refusal
	case status == http.StatusForbidden, status == http.StatusNotFound && c.Version == "" && len(reply) == 0:
		c.refusal = fault.New("management-off", "the management API of CLIProxyAPI at %s is off (%d %s)", c.Base, status,
			reason).
			WithHint("set remote-management.secret-key in its configuration to what .router/secrets/management.key holds, " +
				"and restart it")
		return c.refusal
	case status == http.StatusNotFound && reason == "":
		return ErrUnsupported
	}
	return &ReplyError{Status: status, Reason: reason}
}

// ReplyError is a refusal that concerns one request: 404 "auth file not found",
// 409 with the reason of a sign-in that has failed.
type ReplyError struct {
	Status int
	Reason string // as the server states it
}

// Error implements error.
func (e *ReplyError) Error() string {
	return "CLIProxyAPI answered: " + cmp.Or(e.Reason, http.StatusText(e.Status))
}

// readReason returns the reason in an error reply.
func readReason(reply []byte) string {
	var e struct{ Error, Message string }
	if json.Unmarshal(reply, &e) != nil {
		return ""
	}
	return strings.TrimSpace(e.Error + " " + e.Message)
}
