package script_test

import (
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// denyWriteExecute has the kernel refuse memory that can be written and executed, as MemoryDenyWriteExecute=yes of the
// units of deploy:systemd does, to a process and all that it starts; it makes sure of that and executes a command. A
// kernel older than 6.3 cannot: status 78.
const denyWriteExecute = `syscall(%d, 65, 1, 0, 0, 0) == 0 or exit 78; ` +
	`syscall(%d, 0, 4096, 7, 34, -1, 0) == -1 or exit 79; exec @ARGV or exit 80`

// TestTheLedgerNeedsNoMemoryThatIsWrittenAndExecuted has the stack keep its usage ledger, which is SQLite's, where a
// compiler at run time could not work.
func TestTheLedgerNeedsNoMemoryThatIsWrittenAndExecuted(t *testing.T) {
	t.Parallel()
	script := fmt.Sprintf(denyWriteExecute, unix.SYS_PRCTL, unix.SYS_MMAP)
	var ended *exec.ExitError
	if err := exec.CommandContext(t.Context(), "perl", "-e", script, "true").Run(); errors.As(err, &ended) && ended.ExitCode() == 78 {
		t.Skip("this kernel cannot refuse such memory: Linux 6.3 is the first")
	} else if err != nil {
		t.Fatal(err)
	}
	g := startGatewayBy(t, "perl -e '"+script+"'")
	if err := g.ask(t, http.DefaultClient, "denied/1"); err != nil {
		t.Fatal(err)
	}
	g.run(t, "stop")
	g.checkRows(t, "1")
}

// checkRows checks how many requests the ledger has.
func (g gateway) checkRows(t *testing.T, want string) {
	t.Helper()
	if got := g.run(t, "usage:report -jq .data.total.requests"); got != want+"\n" {
		t.Errorf("the ledger has %q requests, not %s", got, want)
	}
}
