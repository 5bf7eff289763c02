package tasks

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/keyfile"
	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/echo"
	"github.com/flowgate-go/flowgate/internal/router/listen"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/selfexec"
	"github.com/flowgate-go/flowgate/internal/version"
	"github.com/flowgate-go/flowgate/supervisor/daemon"
	"github.com/flowgate-go/flowgate/supervisor/daemon/handover"
	"github.com/flowgate-go/flowgate/supervisor/stack"
)

// listenAddress returns where a server listens: loopback unless told otherwise.
func listenAddress(host string, port, standard int) string {
	if host == "" {
		host = "127.0.0.1"
	}
	if port == 0 {
		port = standard
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}

// routerOptions says which upstreams FlowGate runs itself, from the flags
// -supervised (addresses with commas) and -keys (the folder of its own keys).
func routerOptions(supervised, keys string) router.Options {
	var o router.Options
	o.Supervised = lo.Compact(strings.Split(supervised, ","))
	files, _ := filepath.Glob(filepath.Join(keys, "*.key"))
	for _, file := range files {
		if key, _, err := keyfile.Read(file); err == nil && keys != "" {
			o.OwnKeys = append(o.OwnKeys, key)
		}
	}
	return o
}

// routerMemory is the memory in bytes from which the router collects garbage
// as often as it must: twice what it holds of requests and replies at most.
const routerMemory = 512 << 20

func (s session) serveRouter(ctx context.Context, file, addr string, o router.Options) error {
	if file == "" {
		return fault.Usage("argument-missing", "router:serve needs -settings=FILE").
			WithHint("the file that profile:set writes: .router/runtime/litellm.active.yaml")
	}
	loaded, err := settings.Load(file, s.getenv)
	if err != nil {
		return err
	}
	if s.getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(routerMemory)
	}
	log := slog.New(slog.NewJSONHandler(s.stderr, nil))
	o.Logger = log
	handler, err := router.New(loaded, o)
	if err != nil {
		return err
	}
	defer func() { _ = handler.Close() }()
	ready := func(a net.Addr) { log.Info("router listens", "address", a.String(), "version", version.String()) }
	return listen.Serve(ctx, addr, handler, listen.Options{Ready: ready, Logger: log})
}

func (s session) serveEcho(ctx context.Context, host string, port int, file string) error {
	o := echo.Options{Version: version.String()}
	if file != "" {
		key, _, err := keyfile.Read(file)
		if err != nil {
			return fault.New("credential-missing", "read the key that clients must send: %w", err)
		}
		o.Keys = []string{key}
	}
	log := slog.New(slog.NewJSONHandler(s.stderr, nil))
	ready := func(a net.Addr) {
		log.Info("echo upstream listens: a stand-in, not CLIProxyAPI", "address", a.String())
	}
	return listen.Serve(ctx, listenAddress(host, port, config.DefaultUpstreamPort), echo.New(o),
		listen.Options{Ready: ready, Logger: log})
}

// inheritedFDs are the descriptors that a supervisor was given; 0 means none.
type inheritedFDs struct{ notify, lifeline, handover int }

func (s session) runSupervisor(ctx context.Context, given inheritedFDs, ephemeral string, up, check bool) error {
	cfg, err := s.loadConfig()
	if err != nil || check {
		return err
	}
	if given.handover == 0 { // else this very process runs the stack already
		if err := s.checkSupervisorTrust(cfg); err != nil {
			return err
		}
	}
	o := daemon.Options{
		Config: cfg, Self: selfexec.Path(), Version: version.String(), Ephemeral: ephemeral, Environ: os.Environ(),
		Log: slog.New(slog.NewJSONHandler(s.stderr, nil)), Up: up,
	}
	if up {
		if err := stack.WriteRouterConfig(ctx, cfg, s.getenv); err != nil {
			return err
		}
	}
	if given.notify != 0 {
		if o.Notify, err = handover.InheritedFile(given.notify); err != nil {
			return err
		}
	}
	if given.lifeline != 0 {
		if o.Lifeline, err = handover.InheritedFile(given.lifeline); err != nil {
			return err
		}
	}
	if given.handover != 0 {
		if o.Handover, err = handover.InheritedFile(given.handover); err != nil {
			return err
		}
	}
	return daemon.Run(ctx, o)
}
