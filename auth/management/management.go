// Package management opens the management API of the installation's CLIProxyAPI:
// Open returns a client with the installation's key.
//
// It does not try a refused key again for banTime, unless the key or the server's
// configuration changes: five wrong keys ban this machine.
package management

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/internal/cliproxy"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/keyfile"
	"github.com/flowgate-go/flowgate/internal/printable"
	"github.com/flowgate-go/flowgate/internal/privatefile"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// banTime is how long CLIProxyAPI bans a machine after five wrong keys, and so how
// long a refused key is not tried again.
const banTime = 30 * time.Minute

// Server is the management API of the installation's CLIProxyAPI. A refused key is
// recorded in the runtime folder, so that commands in a loop do not cause a ban.
type Server struct {
	*cliproxy.Client
	cfg     *config.Config
	keyHash string // of the key, the server's address and the time of its configuration
}

// ErrNoServer reports that the installation has no CLIProxyAPI.
var ErrNoServer = errors.New("the upstream is the echo, which has no accounts")

// Open returns the server's client. It sends nothing. Faults: management-key-missing,
// management-key-refused. Another error: ErrNoServer.
func Open(cfg *config.Config, env auth.Environment) (*Server, error) {
	svc, ok := cfg.Service(config.CLIProxy)
	if !ok || svc.Runtime == config.RuntimeEcho {
		return nil, ErrNoServer
	}
	file := filepath.Join(cfg.Paths.Secrets(), "management.key")
	key, _, err := keyfile.Read(file)
	if err != nil {
		return nil, fault.New("management-key-missing", "the key of CLIProxyAPI's management API is not in %s: %s", file,
			safefile.Reason(err)).
			WithHint("put there what remote-management.secret-key was before the server replaced it by a hash, one line, " +
				"mode 0600")
	}
	changed := time.Time{}
	if info, err := os.Stat(cfg.CLIProxyConfigFile); err == nil {
		changed = info.ModTime()
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %d", key, svc.URL(), changed.UnixNano()))
	s := &Server{&cliproxy.Client{Base: svc.URL(), Key: key}, cfg, hex.EncodeToString(sum[:])}
	if s.wasRefused(env.Now()) {
		return nil, fault.New("management-key-refused",
			"CLIProxyAPI at %s refused the management key in %s a short while ago; it is not tried again", svc.URL(), file).
			WithHint("correct the key or remote-management.secret-key; five wrong tries ban this machine for 30 minutes")
	}
	return s, nil
}

// refusalFile returns the file that records a refused key.
func (s *Server) refusalFile() string {
	return filepath.Join(s.cfg.Paths.RuntimeDir, "management-key.refused")
}

// wasRefused reports whether the server refused this key less than banTime ago.
func (s *Server) wasRefused(now time.Time) bool {
	info, err := os.Stat(s.refusalFile())
	if err != nil || now.Sub(info.ModTime()) > banTime {
		return false
	}
	recorded, err := safefile.Read(s.refusalFile(), safefile.DocumentLimit)
	return err == nil && string(recorded) == s.keyHash
}

// RecordRefusal records a refused key and returns err; an unexpected reply becomes the
// fault management-failed.
func (s *Server) RecordRefusal(err error) error {
	if reply := (*cliproxy.ReplyError)(nil); errors.As(err, &reply) {
		return fault.New("management-failed", "CLIProxyAPI at %s answered %d: %w", s.Base, reply.Status, err).
			WithHint("mage logs cliproxyapi_plus says more")
	}
	if fault.HasCode(err, "management-key-refused") {
		_ = privatefile.Write(s.refusalFile(), []byte(s.keyHash)) // if that fails, the next command tries the key once more
	}
	return err
}

// ListFiles returns the credentials that the server has loaded, and records a
// refused key.
func (s *Server) ListFiles(ctx context.Context) ([]cliproxy.CredentialFile, error) {
	files, err := s.Files(ctx)
	return files, s.RecordRefusal(err)
}

// connectTime is how long NotReady tries to connect at most.
const connectTime = 500 * time.Millisecond

// NotReady returns why CLIProxyAPI cannot be asked now; "" if it can, or if it is not known after connectTime: a busy
// machine is late, and requests have more time.
func NotReady(cfg *config.Config, env auth.Environment) string {
	svc, ok := cfg.Service(config.CLIProxy)
	if !ok || svc.Runtime == config.RuntimeEcho {
		return "it needs CLIProxyAPI, but the upstream is the echo (services.cliproxyapi_plus.runtime: cliproxyapi " +
			"changes that)"
	}
	at, err := url.Parse(svc.URL())
	if err != nil {
		return err.Error()
	}
	if env.Untrusted {
		return program.Text("the configuration is not trusted, so CLIProxyAPI was not asked (mage trust)")
	}
	c, err := net.DialTimeout("tcp", at.Host, connectTime)
	if late := net.Error(nil); errors.As(err, &late) && late.Timeout() {
		return ""
	}
	if err != nil {
		return "CLIProxyAPI does not answer at " + svc.URL() + program.Text(" (mage start)")
	}
	_ = c.Close()
	return ""
}

// LiveState returns what the server reports about one credential.
func LiveState(f cliproxy.CredentialFile) auth.Live {
	return auth.Live{Listed: true, Status: f.Status, Message: printable.Excerpt(f.StatusMessage),
		RetryAt: f.NextRetryAfter, Models: -1, Available: !f.Unavailable && !f.Disabled}
}
