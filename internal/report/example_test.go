package report_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/report"
)

func ExampleOutput_Emit() {
	started := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	filter, err := report.CompileFilter(".data.profile")
	if err != nil {
		fmt.Println(err)
		return
	}
	out := report.Output{Stdout: os.Stdout, Filter: filter, Raw: true}
	r := report.New("profile:set", started)
	r.Finish(map[string]string{"profile": "cost"}, nil, started.Add(time.Second))
	fmt.Println("error:", out.Emit(context.Background(), r))
	// Output:
	// cost
	// error: <nil>
}

func ExampleReport_Finish() {
	r := report.New("start", time.Now())
	r.Finish(nil, fault.Usage("config-not-found", "there is no flowgate.yaml"), time.Now())
	fmt.Println(r.OK, r.Exit(), r.Error.Code)
	// Output: false 2 config-not-found
}
