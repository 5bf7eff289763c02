package telemetry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Bounds of sending one request again.
const (
	maxTries   = 3
	retryDelay = time.Second // before the second try; twice as long before each further one
)

// send sends a body to the collector. It tries again while the collector says that it may (OTLP: 429, 502,
// 503, 504, or no connection); then the body is dropped. That the collector is down, and that it is up again, is
// logged once.
func (e *Exporter) send(ctx context.Context, address string, body any) {
	data, err := encode(body)
	if err != nil {
		e.options.Logger.Error("telemetry cannot be encoded", "error", err.Error())
		return
	}
	delay := retryDelay
	for try := 1; ; try++ {
		mayRetry, err := e.post(ctx, address, data)
		if err == nil {
			e.noteUp()
			return
		}
		if !mayRetry || try == maxTries || !e.wait(ctx, delay) {
			e.noteDown(err)
			return
		}
		delay *= 2
	}
}

// post sends a body once. mayRetry says whether another try may help.
func (e *Exporter) post(ctx context.Context, address string, data []byte) (mayRetry bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(data))
	if err != nil {
		return false, err
	}
	req.Header.Set("Content-Type", "application/json")
	for name, value := range e.config.Headers {
		req.Header.Set(name, value)
	}
	resp, err := e.client.Do(req)
	if err != nil {
		return true, fmt.Errorf("no answer from the collector: %w", unwrapURL(err))
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection is used again
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true, fmt.Errorf("the collector answered %d", resp.StatusCode)
	}
	if resp.StatusCode/100 != 2 {
		return false, fmt.Errorf("the collector answered %d", resp.StatusCode)
	}
	return false, nil
}

// unwrapURL returns an error of the client without the address, which may hold a key.
func unwrapURL(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

// wait waits before another try. It returns false when ctx or the Exporter ends.
func (e *Exporter) wait(ctx context.Context, delay time.Duration) bool {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-e.stop:
	}
	return false
}

// noteUp logs that the collector answers again.
func (e *Exporter) noteUp() {
	if e.isDown {
		e.options.Logger.Info("the collector takes telemetry again")
	}
	e.isDown = false
}

// noteDown logs that the collector does not take telemetry.
func (e *Exporter) noteDown(err error) {
	if !e.isDown {
		e.options.Logger.Warn("telemetry is dropped", "error", err.Error())
	}
	e.isDown = true
}
