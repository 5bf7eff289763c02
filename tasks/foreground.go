package tasks

import (
	"context"
	"log/slog"
	"net"
	"os"
	"strconv"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/gateway"
	"github.com/flowgate-go/flowgate/internal/gateway/echo"
	"github.com/flowgate-go/flowgate/internal/keyfile"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/version"
	"github.com/flowgate-go/flowgate/supervisor"
)

// address is where a server listens: loopback unless told otherwise.
func address(host string, port, standard int) string {
	if host == "" {
		host = "127.0.0.1"
	}
	if port == 0 {
		port = standard
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}

func serveRouter(ctx context.Context, settings, host string, port int) error {
	if settings == "" {
		return fault.Usage("argument-missing", "router:serve needs -settings=FILE").
			WithHint("the file that profile:set writes: .router/runtime/litellm.active.yaml")
	}
	s, err := gateway.Load(settings, os.Getenv)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	router, err := gateway.New(s, gateway.Options{Logger: log})
	if err != nil {
		return err
	}
	defer func() { _ = router.Close() }()
	addr := address(host, port, 4000)
	ready := func(a net.Addr) { log.Info("router listens", "address", a.String(), "version", version.String()) }
	return gateway.Serve(ctx, addr, router, gateway.ServeOptions{Ready: ready, Logger: log})
}

func serveEcho(ctx context.Context, host string, port int, file string) error {
	o := echo.Options{Version: version.String()}
	if file != "" {
		key, _, err := keyfile.Read(file)
		if err != nil {
			return fault.New("credential-missing", "read the key that clients must send: %w", err)
		}
		o.Keys = []string{key}
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	ready := func(a net.Addr) {
		log.Info("echo upstream listens: a stand-in, not CLIProxyAPI", "address", a.String())
	}
	return gateway.Serve(ctx, address(host, port, 8317), echo.New(o), gateway.ServeOptions{Ready: ready, Logger: log})
}

// inherited are the descriptors that a supervisor was given; 0 means none.
type inherited struct{ notify, lifeline, handover int }

func supervise(ctx context.Context, given inherited, ephemeral string, up, check bool) error {
	cfg, err := loadConfig()
	if err != nil || check {
		return err
	}
	if given.handover == 0 { // else this very process runs the stack already
		if err := admitSupervisor(cfg); err != nil {
			return err
		}
	}
	o := supervisor.Options{
		Config: cfg, Self: process.Self(), Version: version.String(), Ephemeral: ephemeral, Environ: os.Environ(),
		Log: slog.New(slog.NewJSONHandler(os.Stderr, nil)), Up: up,
	}
	if up {
		if err := supervisor.Regenerate(ctx, cfg, os.Getenv); err != nil {
			return err
		}
	}
	if given.notify != 0 {
		if o.Notify, err = supervisor.InheritedFile(given.notify); err != nil {
			return err
		}
	}
	if given.lifeline != 0 {
		if o.Lifeline, err = supervisor.InheritedFile(given.lifeline); err != nil {
			return err
		}
	}
	if given.handover != 0 {
		if o.Handover, err = supervisor.InheritedFile(given.handover); err != nil {
			return err
		}
	}
	return supervisor.Run(ctx, o)
}
