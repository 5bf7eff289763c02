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
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/keyfile"
	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/echo"
	"github.com/flowgate-go/flowgate/internal/router/listen"
	"github.com/flowgate-go/flowgate/internal/router/memory"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/selfexec"
	"github.com/flowgate-go/flowgate/internal/version"
	"github.com/flowgate-go/flowgate/supervisor/daemon"
	"github.com/flowgate-go/flowgate/supervisor/daemon/handover"
	"github.com/flowgate-go/flowgate/supervisor/stack"
)

// listenAddress returns the address that a server listens on. An empty host means 127.0.0.1,
// and port 0 means defaultPort.
func listenAddress(host string, port, defaultPort int) string {
	if host == "" {
		host = "127.0.0.1"
	}
	if port == 0 {
		port = defaultPort
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}

// routerOptions returns the router's options from the flags -supervised (the addresses of
// supervised upstreams, separated by commas) and -keys (the folder of FlowGate's own keys).
func routerOptions(supervised, keyFolder string) router.Options {
	var o router.Options
	o.Supervised = lo.Compact(strings.Split(supervised, ","))
	files, _ := filepath.Glob(filepath.Join(keyFolder, "*.key"))
	for _, file := range files {
		if key, _, err := keyfile.Read(file); err == nil && keyFolder != "" {
			o.OwnKeys = append(o.OwnKeys, key)
		}
	}
	return o
}

// routerMemory is the soft memory limit of the router's process in bytes (GOMEMLIMIT): near it,
// garbage is collected as often as needed. It is twice the most that the router holds of
// requests and replies.
const routerMemory = 512 << 20

// streamMemory is how much more is allowed for each of -connections, in bytes: a stream that is open and
// idle holds 70 kB (BenchmarkOpenStreams), and several thousand of them would keep the collector busy.
const streamMemory = 80 << 10

// limitMemory sets the memory limit and the garbage collector of a router for so many connections (0: the
// usual number), except where the environment has Go's own settings. restore ends that.
func (s session) limitMemory(connections int) (restore func()) {
	limit := debug.SetMemoryLimit(-1)
	if s.getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(routerMemory + int64(connections)*streamMemory)
	}
	stop := func() {}
	if s.getenv("GOGC") == "" {
		stop = memory.StartCollector().Stop
	}
	return func() {
		stop()
		debug.SetMemoryLimit(limit)
	}
}

// routerFlags are the flags of router:serve.
type routerFlags struct {
	settings string        // the file of the router's settings
	keys     string        // the folder of FlowGate's own keys and the named keys; "" for none
	secrets  string        // the folder of files that stand for variables that are not set; "" for none
	usage    usageLedger   // where rows of requests are kept
	address  string        // host:port to listen on
	drain    time.Duration // how long requests in flight may take when the router ends; 0: 30 s

	linger      time.Duration // how long requests are still accepted after SIGTERM
	connections int           // of clients at once, all of which one balancer may have; 0: by the file descriptors
}

// serveRouter runs the embedded router until ctx ends.
func (s session) serveRouter(ctx context.Context, f routerFlags, o router.Options) error {
	if f.settings == "" {
		return fault.Usage("argument-missing", "router:serve needs -settings=FILE").
			WithHint("the file that profile:set writes: .router/runtime/litellm.active.yaml")
	}
	if f.connections < 0 {
		return fault.Usage("flag-invalid", "-connections=%d is no number of connections", f.connections).
			WithHint("0, which is the default, takes as many as the file descriptors allow")
	}
	loaded, err := settings.Load(f.settings, keyfile.Getenv(f.secrets, s.getenv))
	if err != nil {
		return err
	}
	defer s.limitMemory(f.connections)()
	log := slog.New(slog.NewJSONHandler(s.stderr, nil))
	o.Logger = log
	f.usage.applyPrices(loaded, log)
	observed := openObservers(loaded, f.keys, f.usage, log)
	defer observed.close()
	observed.attach(&o)
	handler, err := router.New(loaded, o)
	if err != nil {
		return err
	}
	defer func() { _ = handler.Close() }()
	return listen.Serve(ctx, f.address, handler, listen.Options{Logger: log, DrainTimeout: f.drain, Linger: f.linger,
		Leaving: handler.Leave, MaxConnections: f.connections, OnePeer: f.connections > 0, Ready: func(a net.Addr) {
			log.Info("router listens", "address", a.String(), "version", version.String())
		}})
}

// serveEcho runs the echo upstream until ctx ends. With a keyFile, clients must send the key in it.
func (s session) serveEcho(ctx context.Context, host string, port int, keyFile string) error {
	o := echo.Options{Version: version.String()}
	if keyFile != "" {
		key, _, err := keyfile.Read(keyFile)
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

// inheritedFDs holds the file descriptors that a supervisor inherits; 0 means none.
type inheritedFDs struct{ notify, lifeline, handover int }

// runSupervisor runs the supervisor until ctx ends. With check it only reports whether the
// configuration can be loaded; with up it starts the services at once.
func (s session) runSupervisor(ctx context.Context, inherited inheritedFDs, ephemeral string, up, check bool) error {
	o, err := inherited.open()
	if err != nil {
		return err
	}
	o.Config, err = s.prepareSupervisor(ctx, inherited, up, check)
	if err != nil {
		daemon.ReportStartup(o.Notify, err) // the command that waits shows this
		return err
	}
	if check {
		return nil
	}
	o.Self, o.Version, o.Ephemeral, o.Environ = selfexec.Path(), version.String(), ephemeral, os.Environ()
	o.Log, o.Up = slog.New(slog.NewJSONHandler(s.stderr, nil)), up
	return daemon.Run(ctx, o)
}

// open returns options with the files of the descriptors.
func (f inheritedFDs) open() (daemon.Options, error) {
	var o daemon.Options
	var err error
	if f.notify != 0 {
		if o.Notify, err = handover.InheritedFile(f.notify); err != nil {
			return o, err
		}
	}
	if f.lifeline != 0 {
		if o.Lifeline, err = handover.InheritedFile(f.lifeline); err != nil {
			return o, err
		}
	}
	if f.handover != 0 {
		o.Handover, err = handover.InheritedFile(f.handover)
	}
	return o, err
}

// prepareSupervisor returns the configuration of a supervisor that may run it, and with up writes
// the router's own. With check it only loads the configuration.
func (s session) prepareSupervisor(
	ctx context.Context, inherited inheritedFDs, up, check bool,
) (*config.Config, error) {
	cfg, err := s.loadConfig()
	if err != nil || check {
		return cfg, err
	}
	if inherited.handover == 0 { // after a handover this process runs the stack already
		if err := s.checkSupervisorTrust(cfg); err != nil {
			return nil, err
		}
	}
	if up {
		return cfg, stack.WriteRouterConfig(ctx, cfg, s.getenv)
	}
	return cfg, nil
}
