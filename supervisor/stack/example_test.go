package stack_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/scaffold"
	"github.com/flowgate-go/flowgate/internal/tcp"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/stack"
	"github.com/flowgate-go/flowgate/supervisor/stack/change"
)

// ExampleStartFresh starts a new installation, the echo upstream and the embedded
// router, changes its profile and stops it.
func ExampleStartFresh() {
	dir, err := os.MkdirTemp("", "flowgate-example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ports, err := tcp.FreePorts(2)
	if err == nil {
		_, err = scaffold.Init(scaffold.Options{Dir: dir, RouterPort: ports[0], UpstreamPort: ports[1]})
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, file := context.Background(), filepath.Join(dir, "config", "flowgate.yaml")
	cfg, err := config.Load(file, os.Getenv)
	if err != nil {
		fmt.Println(err)
		return
	}
	o := change.Options{File: file, Start: supervisor.StartOptions{Self: binary}}
	status, err := stack.StartFresh(ctx, cfg, o)
	for _, svc := range status.Services {
		fmt.Println(svc.Name, svc.State, svc.Ready)
	}
	profile, err2 := stack.SetProfile(ctx, cfg, "cost", o)
	fmt.Println(err, err2, profile.To, profile.Restarted)
	_, err = supervisor.Stop(ctx, cfg, nil)
	fmt.Println(err)
	// Output:
	// cliproxyapi_plus running true
	// litellm running true
	// <nil> <nil> cost [litellm]
	// <nil>
}
