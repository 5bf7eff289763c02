package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
)

const (
	probeTimeout  = 5 * time.Second // LiteLLM under load may need some seconds
	probeFirst    = 10 * time.Millisecond
	probeSlowest  = 250 * time.Millisecond // while starting
	probeSettled  = 2 * time.Second        // once ready
	probeFraction = 10                     // while starting: a tenth of the time waited so far
)

// probe asks the service again and again until ctx ends.
func (run *instance) probe(ctx context.Context, svc config.Service) {
	client := newProbeClient()
	defer client.CloseIdleConnections()
	timer := time.NewTimer(probeFirst)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		err := probeOnce(ctx, client, svc)
		select {
		case <-ctx.Done():
			return
		case run.probes <- err:
		}
		wait := min(max(time.Since(run.started)/probeFraction, probeFirst), probeSlowest)
		if run.settled.Load() {
			wait = probeSettled
		}
		timer.Reset(wait)
	}
}

// newProbeClient is a client that goes nowhere but where it is sent: no proxy,
// no redirect, no connection kept.
func newProbeClient() *http.Client {
	return &http.Client{
		Timeout:       probeTimeout,
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// probeOnce is nil when the readiness path answers 2xx; its error says in a
// few words what came instead.
func probeOnce(ctx context.Context, client *http.Client, svc config.Service) error {
	url := svc.URL() + svc.ReadinessPath
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("ask for readiness: %w", err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("GET %s: %w", url, brief(err))
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 1<<16)
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("GET %s: status %d", url, resp.StatusCode)
	}
	return nil
}

// brief takes the layers of client, transport and socket off a failed request.
func brief(err error) error {
	var timeout net.Error
	var errno syscall.Errno
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("no answer within %v", probeTimeout)
	case errors.As(err, &errno):
		return errno
	case errors.Is(err, io.EOF), errors.Is(err, os.ErrClosed):
		return errors.New("the connection was closed without an answer")
	}
	if inner := errors.Unwrap(err); inner != nil {
		return inner
	}
	return err
}
