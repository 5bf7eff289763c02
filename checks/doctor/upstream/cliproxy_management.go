package upstream

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/keyfile"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// management is the reply of the management API, which is asked at most once.
type management struct {
	subject.Answer
	refused bool // the same process refused the same key before, so it was not tried again
	err     error
}

func cliproxyManagement(s *subject.Subject, ask func(context.Context) management) checks.Check {
	return checks.Check{
		ID: "cliproxy.management", Title: "CLIProxyAPI takes FlowGate's management key",
		Needs: []string{"cliproxy.reachable", "ports.available"}, Timeout: subject.Patience, Active: true,
		Run: func(ctx context.Context) checks.Outcome {
			if _, isCLIProxy := s.CLIProxyService(); !isCLIProxy {
				return subject.SkippedForEcho()
			}
			m := ask(ctx)
			fix := "write the same secret into remote-management.secret-key and .router/secrets/management.key, and restart"
			switch {
			case m.err != nil && errors.Is(m.err, fs.ErrNotExist):
				return checks.Skipped("there is no %s", s.ShortPath(managementKeyFile(s)))
			case m.err != nil:
				return checks.Failed("the management API did not answer: %v", m.err)
			case m.refused:
				return checks.Failed("the management key was refused before; it is not tried again, since five wrong ones "+
					"ban this machine").
					WithFix("", fix)
			case m.Status == http.StatusOK:
				return checks.Passed(m.Answer)
			case m.Status == http.StatusUnauthorized:
				m.Text = "the management key in " + s.ShortPath(managementKeyFile(s)) + " is not the server's"
			case m.Status == http.StatusNotFound:
				return checks.Warned("the management API is off: remote-management.secret-key is not set").WithFix("", fix)
			default:
				m.Text = fmt.Sprintf(
					"the management API answered %d: after five wrong keys it refuses every request for half an hour",
					m.Status,
				)
			}
			return checks.Failed("").WithDetail(m.Answer).WithFix("", fix)
		},
	}
}

// managementKeyFile returns the path of the file that holds the management key.
func managementKeyFile(s *subject.Subject) string {
	return filepath.Join(s.Config.Paths.Secrets(), "management.key")
}

// askManagementAPI lists the server's credentials with the management key: the cheapest
// request whose answer other checks need too.
func askManagementAPI(ctx context.Context, s *subject.Subject) management {
	ctx, cancel := context.WithTimeout(ctx, subject.Patience)
	defer cancel()
	key, _, err := keyfile.Read(managementKeyFile(s))
	if err != nil {
		return management{err: err}
	}
	svc, _ := s.CLIProxyService()
	record, digest := filepath.Join(s.Config.Paths.RuntimeDir, "management.refused"), refusalDigest(s, key)
	if seen, err := safefile.Read(record, safefile.KeyLimit); err == nil && string(seen) == digest {
		return management{refused: true}
	}
	a, err := s.Get(ctx, svc.URL()+"/v0/management/auth-files", "Authorization", "Bearer "+key)
	switch {
	case err != nil:
	case a.Status == http.StatusUnauthorized:
		_ = renameio.WriteFile(record, []byte(digest), 0o600) // if that fails, the next run tries once more
	case a.Status == http.StatusOK:
		_ = os.Remove(record)
	}
	return management{Answer: a, err: err}
}

// refusalDigest returns a digest of a key and of the process that refused it.
func refusalDigest(s *subject.Subject, key string) string {
	svc, _ := s.CLIProxyService()
	running, _ := s.RunningService(svc.Name)
	started := time.Time{}
	if running.StartedAt != nil {
		started = *running.StartedAt
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %s", key, running.PID, started.UTC().Format(time.RFC3339Nano)))
	return hex.EncodeToString(sum[:]) + "\n"
}
