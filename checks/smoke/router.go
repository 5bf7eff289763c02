package smoke

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/flowgate-go/flowgate/internal/loopback"
)

// Router is the endpoint that the probes talk to.
type Router struct {
	URL     string // base URL without a trailing slash and without /v1
	Key     string // sent as a bearer token; never printed
	Model   string // model group that the probes ask for
	Private bool   // a private stack, which has the group FallbackModel

	client *http.Client
}

// maxReply bounds what a probe reads: a router that floods must not fill memory.
const maxReply = 4 << 20

// reply is an HTTP reply that was read.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// keptConnections is how many idle connections to the router are kept.
const keptConnections = 16

// requireOwner returns r with a client that connects to processes of this user only.
func (r Router) requireOwner() Router {
	r.client = loopback.New(loopback.Options{MaxReply: maxReply, Idle: keptConnections})
	return r
}

// send sends a request with the key, which may be empty, and returns the reply.
func (r Router) send(ctx context.Context, method, path, key string, body any) (reply, error) {
	var payload io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return reply{}, fmt.Errorf("encode request: %w", err)
		}
		payload = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, r.URL+path, payload)
	if err != nil {
		return reply{}, fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Anthropic-Version", "2023-06-01")
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	res, err := r.client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	return reply{res.StatusCode, res.Header, b}, err
}

// post sends body with the router's key and decodes a 200 into out.
func (r Router) post(ctx context.Context, path string, body, out any) (reply, error) {
	a, err := r.send(ctx, http.MethodPost, path, r.Key, body)
	if err != nil {
		return a, err
	}
	return a, a.decode(path, out)
}

// decode decodes a reply with status 200 into out.
func (a reply) decode(path string, out any) error {
	if a.status != http.StatusOK {
		return fmt.Errorf("%s answered %d: %s", path, a.status, excerpt(a.body))
	}
	if err := json.Unmarshal(a.body, out); err != nil {
		return fmt.Errorf("%s answered 200 with a body that is not the JSON expected: %w: %s", path, err, excerpt(a.body))
	}
	return nil
}

// excerpt returns the beginning of a body on one line.
func excerpt(b []byte) string {
	const most = 300
	s := strings.Join(strings.Fields(string(b[:min(len(b), most)])), " ")
	if len(b) > most {
		s += "…"
	}
	return s
}
