package tasks

import (
	"fmt"
	"os"

	"github.com/flowgate-go/flowgate/internal/container"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/selfexec"
)

// superviseUnderInit runs the same command as a child process, which prints its own report.
// This process, the first one of a container, reaps orphaned processes meanwhile.
func superviseUnderInit() error {
	status, err := container.RunUnderInit(selfexec.Path(), os.Args[1:])
	switch {
	case err != nil:
		return &report.Exit{Status: fault.ExitFailed, Message: err.Error()}
	case status.Signaled():
		return &report.Exit{
			Status:  128 + int(status.Signal()),
			Message: fmt.Sprintf("the supervisor was ended by signal %v", status.Signal()),
		}
	case status.ExitStatus() != 0:
		return &report.Exit{
			Status:  status.ExitStatus(),
			Message: fmt.Sprintf("the supervisor ended with status %d", status.ExitStatus()),
		}
	}
	return nil
}
