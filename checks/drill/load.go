package drill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/internal/loopback"
)

// load sends requests as clients do, and counts what became of them.
type load struct {
	url, key   string
	resent     atomic.Int64 // requests that were refused a connection
	requests   atomic.Int64 // requests that were answered or failed
	inFlight   atomic.Int64 // requests that failed because their router was killed
	lost       atomic.Int64 // requests that failed in any other way
	firstLoss  sync.Once
	lossReason string
	lastKillMS atomic.Int64 // when a kill of the router last began, Unix milliseconds
}

// sendRequests sends one request after the other until ctx ends, and waits for the last
// one.
func (l *load) sendRequests(ctx context.Context) {
	client := loopback.New(loopback.Options{Timeout: 30 * time.Second, Idle: 1})
	defer client.CloseIdleConnections()
	for ctx.Err() == nil {
		began := time.Now().UnixMilli()
		err := l.sendOne(client)
		switch {
		case errors.Is(err, syscall.ECONNREFUSED):
			l.resent.Add(1)
			time.Sleep(5 * time.Millisecond) // the router does not listen: wait as clients do before a retry
			continue
		case err == nil:
		case l.lastKillMS.Load() >= began-keptConnectionMS:
			l.inFlight.Add(1)
		default:
			l.lost.Add(1)
			l.firstLoss.Do(func() { l.lossReason = err.Error() })
		}
		l.requests.Add(1)
	}
}

// keptConnectionMS is how long after a kill, in milliseconds, a client may still use a
// connection that it kept to the killed router.
const keptConnectionMS = 1000

// sendOne sends one request and returns nil when the router answered it correctly.
func (l *load) sendOne(client *http.Client) error {
	body := strings.NewReader(`{"model":"router-default","messages":[{"role":"user","content":"soak"}]}`)
	req, err := http.NewRequest(http.MethodPost, l.url, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+l.key)
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || !strings.Contains(string(text), "soak")) {
		err = fmt.Errorf("%s: %.200s", resp.Status, text)
	}
	return err
}
