package supervisor_test

import (
	"context"
	"fmt"
	"os"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/supervisor"
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
