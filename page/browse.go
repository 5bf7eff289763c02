package page

import (
	"context"
	"os/exec"
	"runtime"
	"time"
)

// browsePatience is how long the program that opens a browser may take.
const browsePatience = 5 * time.Second

// Browse opens a link in the user's browser, and reports whether that was begun: there has to
// be a display. Other users can read the link in the list of processes while it is opened, but
// the server takes no connection of theirs.
func Browse(ctx context.Context, link string, getenv func(string) string) bool {
	name := "xdg-open"
	switch {
	case getenv("SSH_CONNECTION") != "":
		return false
	case runtime.GOOS == "darwin":
		name = "open"
	case getenv("DISPLAY") == "" && getenv("WAYLAND_DISPLAY") == "":
		return false
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, browsePatience)
	defer cancel()
	return exec.CommandContext(ctx, path, link).Run() == nil //nolint:gosec // the desktop's own program
}
