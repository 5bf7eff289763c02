package probe

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/loopback"
)

// readyPatience bounds the question whether a server is ready.
const readyPatience = 3 * time.Second

// Ready is a server that is ready.
type Ready struct {
	URL    string `json:"url"`
	Status int    `json:"status"`
}

// CheckReady asks a server on this machine whether it is ready, without a key and without asking any upstream.
// Port 0 means the router's default one, and an empty path /health/readiness. Faults: not-ready,
// flag-invalid.
func CheckReady(ctx context.Context, port, defaultPort int, path string) (Ready, error) {
	path = cmp.Or(path, "/health/readiness")
	if port = cmp.Or(port, defaultPort); port < 1 || port > 65535 || !strings.HasPrefix(path, "/") {
		return Ready{}, fault.Usage("flag-invalid", "-port=%d -path=%s is not a place to ask", port, path).
			WithHint("a port is from 1 to 65535, and a path begins with /")
	}
	r := Ready{URL: "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) + path}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL, nil)
	if err != nil {
		return r, fmt.Errorf("make request: %w", err)
	}
	res, err := loopback.Keyless(loopback.Options{Timeout: readyPatience, MaxReply: 1 << 20}).Do(req)
	if err != nil {
		return r, fault.New("not-ready", "ask %s: %w", r.URL, err).
			WithHint("the log of the server says why it does not answer")
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, res.Body)
	if r.Status = res.StatusCode; r.Status != http.StatusOK {
		return r, fault.New("not-ready", "%s answered %d", r.URL, r.Status).
			WithHint("the log of the server says what it waits for")
	}
	return r, nil
}
