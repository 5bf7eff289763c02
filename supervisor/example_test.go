package supervisor_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

func ExampleQuery() {
	dir, err := os.MkdirTemp("", "flowgate-example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	cfg := &config.Config{
		Dir:      dir,
		Paths:    config.Paths{RuntimeDir: dir, StateFile: dir + "/state.json", LogFile: dir + "/events.log"},
		Services: []config.Service{{Name: config.LiteLLM, Host: "127.0.0.1", Port: 4000, Runtime: config.RuntimeEmbedded}},
	}
	status, err := supervisor.Query(context.Background(), cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, service := range status.Services {
		fmt.Println(service.Name, service.State, service.URL)
	}
	// Output: litellm stopped http://127.0.0.1:4000
}

// ExampleStart starts a service, asks for its state and stops it. The supervisor is
// this test binary, which runs daemon.Run as the target supervisor:run does.
func ExampleStart() {
	dir, err := os.MkdirTemp("", "flowgate-example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	cfg := &config.Config{
		Dir: dir, File: filepath.Join(dir, "flowgate.json"),
		Paths:    config.Paths{RuntimeDir: dir, StateFile: dir + "/state.json", LogFile: dir + "/events.log"},
		Services: []config.Service{{Name: "sleeper", Runtime: config.RuntimeCommand, Command: []string{"sleep", "60"}}},
	}
	raw, err := json.Marshal(cfg)
	if err == nil {
		err = os.WriteFile(cfg.File, raw, 0o600)
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	status, err := supervisor.Start(ctx, cfg, supervisor.StartOptions{
		Self:     os.Args[0],
		Progress: func(e control.Event) { fmt.Println(e.Line()) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(status.Services[0].State, status.Services[0].Ready)
	status, err = supervisor.Stop(ctx, cfg, nil)
	fmt.Println(status.Services[0].State, status.Supervisor == nil, err)
	// Output:
	// sleeper: starting
	// sleeper: ready
	// running true
	// stopped true <nil>
}
