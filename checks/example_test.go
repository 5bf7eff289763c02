package checks_test

import (
	"context"
	"fmt"
	"net"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/report"
)

// Two checks of a server: the second needs the first, so it is skipped while the
// first fails.
func ExampleRun() {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	addr := server.Addr().String()
	list := []checks.Check{
		{
			ID: "server.listens", Title: "The server listens",
			Run: func(ctx context.Context) checks.Outcome {
				conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
				if err != nil {
					return checks.Failed("the server does not listen").WithFix("mage start", "start it")
				}
				_ = conn.Close()
				return checks.Passed(nil)
			},
		},
		{
			ID: "server.local", Title: "The server listens on loopback only", Needs: []string{"server.listens"},
			Run: func(context.Context) checks.Outcome { return checks.Passed(checks.Notef("at 127.0.0.1")) },
		},
	}
	show := func(results []report.Result) {
		for _, r := range results {
			if why, ok := r.Detail.(report.Reasoned); ok {
				fmt.Println(r.Status, r.ID, "-", why.Reason())
				continue
			}
			fmt.Println(r.Status, r.ID)
		}
	}
	show(checks.Run(context.Background(), list, checks.Options{}))
	_ = server.Close()
	show(checks.Run(context.Background(), list, checks.Options{}))
	// Output:
	// pass server.listens
	// pass server.local - at 127.0.0.1
	// fail server.listens - the server does not listen
	// skip server.local - server.listens did not pass
}

// Select takes what a chosen check needs along.
func ExampleSelect() {
	list := []checks.Check{{ID: "config.valid"}, {ID: "ports.available", Needs: []string{"config.valid"}},
		{ID: "keys.private"}}
	chosen, err := checks.Select(list, "ports.*", "")
	for _, c := range chosen {
		fmt.Println(c.ID)
	}
	fmt.Println(err)
	_, err = checks.Select(list, "port.available", "")
	fmt.Println(err)
	// Output:
	// config.valid
	// ports.available
	// <nil>
	// there is no check "port.available"
}
