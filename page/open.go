package page

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/logfile"
	"github.com/flowgate-go/flowgate/internal/loopback"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/version"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/spawn"
)

// Link is a link that opens the page once.
type Link struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"` // a link that was not used is too old then
	PID       int       `json:"pid"`        // of the process that serves the page
	Opened    bool      `json:"opened"`     // a browser was started with it
}

// How long a command waits for the server.
const (
	startPatience = 20 * time.Second
	askPatience   = 3 * time.Second
)

// errNotServed means that no process serves the page.
var errNotServed = errors.New("no process serves the page")

// Open returns a new link to the page of cfg's stack. It starts the process that serves the
// page when none does, or when another version of FlowGate does. self executes this program.
// Fault: page-failed.
func Open(ctx context.Context, cfg *config.Config, self string) (Link, error) {
	rec, err := readRecord(cfg)
	if err == nil && rec.Version != version.String() {
		_, _ = rec.command(ctx, "end")
		err = errNotServed
	}
	if err == nil {
		if link, err := rec.command(ctx, "link"); err == nil {
			return link, nil
		}
	}
	return start(ctx, cfg, self)
}

// start starts the process that serves the page, detached, and returns a link.
func start(ctx context.Context, cfg *config.Config, self string) (Link, error) {
	if err := control.EnsureRuntimeDir(cfg.Paths.RuntimeDir); err != nil {
		return Link{}, err
	}
	path := filepath.Join(cfg.Paths.RuntimeDir, "page.log")
	log, err := control.OpenLog(path)
	if err != nil {
		return Link{}, control.UnwritableFault(cfg.Paths.RuntimeDir, err)
	}
	defer log.Close()
	from := logfile.EndOffset(path)
	args := []string{"page:serve"}
	if cfg.File != "" {
		args = append(args, "-config="+cfg.File)
	}
	cmd := spawn.Detached(cfg, self, nil, args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return Link{}, fault.New("page-failed", "start the process that serves the page: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }() // left behind: the process outlives this command
	link, err := awaitLink(ctx, cfg, ended)
	if err != nil && ctx.Err() == nil {
		lines, _ := logfile.LastLines(path, from, control.FailureLines)
		return Link{}, fault.New("page-failed", "the process that serves the page did not start: %s",
			logfile.Cause(lines)).WithHint("see %s", path)
	}
	return link, err
}

// awaitLink asks for a link until a process gives one.
func awaitLink(ctx context.Context, cfg *config.Config, ended <-chan error) (Link, error) {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		if rec, err := readRecord(cfg); err == nil && rec.Version == version.String() {
			if link, err := rec.command(ctx, "link"); err == nil {
				return link, nil
			}
		}
		select {
		case <-ctx.Done():
			return Link{}, context.Cause(ctx)
		case err := <-ended:
			if err != nil {
				return Link{}, err
			}
			ended = nil // another process serves the page already
		case <-ticker.C:
		}
	}
}

// readRecord returns the record of the process that serves the page. Error: errNotServed.
func readRecord(cfg *config.Config) (record, error) {
	var rec record
	text, err := safefile.Read(recordFile(cfg.Paths.RuntimeDir), safefile.DocumentLimit)
	if err != nil || json.Unmarshal(text, &rec) != nil || !strings.HasPrefix(rec.URL, "http://127.0.0.1:") {
		return rec, errNotServed
	}
	return rec, nil
}

// command sends a command to the server, which has to be a process of this user.
func (r record) command(ctx context.Context, name string) (Link, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL+"/command/"+name, bytes.NewReader(nil))
	if err != nil {
		return Link{}, err
	}
	req.Header.Set("Authorization", "Bearer "+r.Secret)
	res, err := loopback.New(loopback.Options{Timeout: askPatience}).Do(req)
	if err != nil {
		return Link{}, err
	}
	defer res.Body.Close()
	var link Link
	if res.StatusCode != http.StatusOK {
		return link, fmt.Errorf("the page answered %d", res.StatusCode)
	}
	if name != "link" {
		return link, nil
	}
	return link, json.NewDecoder(res.Body).Decode(&link)
}
