package proof

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/provider"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// Footprint is the size and time of a file, which show whether it changed.
type Footprint struct {
	size int64
	at   time.Time
}

// Snapshot returns the footprints of the credential files in folder.
func Snapshot(folder string) (map[string]Footprint, error) {
	files, err := auth.CredentialFiles(folder)
	if err != nil {
		return nil, err
	}
	footprints := make(map[string]Footprint, len(files))
	for _, file := range files {
		if info, err := os.Stat(file); err == nil {
			footprints[file] = Footprint{info.Size(), info.ModTime()}
		}
	}
	return footprints, nil
}

// AwaitFile waits for the credential file of a sign-in that the server or another
// program makes: a file of the provider that is new or changed since before. Without
// one the sign-in has failed, whatever the server reports. If the proof of that file
// fails, the file stays. Faults: login-unproven, those of All.
func AwaitFile(ctx context.Context, cfg *config.Config, env auth.Environment, from provider.Provider,
	before map[string]Footprint) (auth.Change, error) {
	limit := newWaitLimit(env)
	for {
		accounts, err := auth.Accounts(ctx, cfg, env)
		if err != nil {
			return auth.Change{}, err
		}
		if file := findWritten(accounts, from, before); file != "" {
			c := []auth.Change{{Changed: true, Destination: file, Warnings: []auth.Warning{},
				Proof: "there is a new credential file"}}
			return c[0], StillInPlace(All(ctx, cfg, env, c)) // the server wrote the file, so it is not removed
		}
		if limit.isOver() {
			return auth.Change{},
				fault.New("login-unproven", "the sign-in to %s was reported as done, but %s has no new or changed credential of it",
					from.Name, auth.Folder(cfg, env)).
					WithHint("does the server write to another folder? mage doctor compares auth-dir; mage logs cliproxyapi_plus " +
						"shows its log")
		}
		if err := limit.pause(ctx); err != nil {
			return auth.Change{}, err
		}
	}
}

// findWritten returns the file that a sign-in wrote: a new one, else the one that was
// changed last. A new file comes first, since the server may renew other accounts
// meanwhile.
func findWritten(accounts []auth.Account, p provider.Provider, before map[string]Footprint) (file string) {
	var at time.Time
	isNew := false
	for _, a := range accounts {
		info, err := os.Stat(a.File)
		if err != nil || a.Provider != p.Name || filepath.Ext(a.File) != ".json" {
			continue
		}
		old, existed := before[a.File]
		changed := !existed || old != (Footprint{info.Size(), info.ModTime()})
		if changed && (file == "" || !existed && !isNew || !existed == isNew && info.ModTime().After(at)) {
			file, at, isNew = a.File, info.ModTime(), !existed
		}
	}
	return file
}
