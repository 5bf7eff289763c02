package supervisortest

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/daemon"
	"github.com/flowgate-go/flowgate/supervisor/daemon/handover"
)

// PlayRole has a test binary be the programs that the tests need, if it was started as
// one: the supervisor, as `supervisor:run`, a command, and services that behave as they
// are told. Then it does not return. TestMain calls it first:
//
//	func TestMain(m *testing.M) { supervisortest.PlayRole(); os.Exit(trusttest.Run(m)) }
func PlayRole() {
	if len(os.Args) > 1 && os.Args[1] == "supervisor:run" {
		os.Exit(residentMain(os.Args[2:]))
	}
	if len(os.Args) > 1 && os.Args[1] == "command" {
		os.Exit(commandMain(os.Args[2], os.Args[3]))
	}
	if len(os.Args) > 1 && os.Args[1] == "service" {
		os.Exit(serviceMain(os.Args[2:]))
	}
	// A program built with -race sleeps a second when it ends, unless told not to.
	_ = os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE"))
}

// residentMain does what the target supervisor:run does in package tasks, with the
// resolved configuration itself in place of flowgate.yaml. It returns the exit status.
func residentMain(args []string) int {
	flags := flag.NewFlagSet("supervisor:run", flag.ContinueOnError)
	file := flags.String("config", "", "")
	notify := flags.Int("notify", 0, "")
	lifeline := flags.Int("lifeline", 0, "")
	ephemeral := flags.String("ephemeral", "", "")
	note := flags.Int("handover", 0, "")
	check := flags.Bool("check", false, "")
	up := flags.Bool("up", false, "")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	cfg, err := readConfig(*file)
	if err != nil {
		return 2
	}
	if *check {
		return 0
	}
	o := daemon.Options{
		Config: cfg, Version: "test", Ephemeral: *ephemeral, Up: *up,
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	}
	if err := openInherited(&o, *notify, *lifeline, *note); err != nil {
		return 2
	}
	if err := daemon.Run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// openInherited sets the files that the supervisor inherits, by their descriptors. A
// supervisor that takes over from another has the version "next".
func openInherited(o *daemon.Options, notify, lifeline, note int) (err error) {
	if o.Notify, err = openDescriptor[io.WriteCloser](notify); err != nil {
		return err
	}
	if o.Lifeline, err = openDescriptor[io.Reader](lifeline); err != nil {
		return err
	}
	if note != 0 {
		o.Version = "next"
		o.Handover, err = handover.InheritedFile(note)
	}
	return err
}

// commandMain runs a command in a process of its own, as mage start and mage stop do. It
// returns the exit status.
func commandMain(verb, file string) int {
	cfg, err := readConfig(file)
	if err != nil {
		return 2
	}
	switch verb {
	case "start":
		_, err = supervisor.Start(context.Background(), cfg, supervisor.StartOptions{})
	case "stop":
		_, err = supervisor.Stop(context.Background(), cfg, nil)
	case "status":
		_, err = supervisor.Query(context.Background(), cfg)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// readConfig reads a resolved configuration.
func readConfig(file string) (*config.Config, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	cfg := new(config.Config)
	return cfg, json.Unmarshal(raw, cfg)
}

// openDescriptor opens a descriptor that a flag names; 0 means none.
func openDescriptor[T any](fd int) (none T, err error) {
	if fd == 0 {
		return none, nil
	}
	file, err := handover.InheritedFile(fd)
	if err != nil {
		return none, err
	}
	return any(file).(T), nil
}
