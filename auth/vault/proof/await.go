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

// state of a file that tells whether it changed.
type Footprint struct {
	size int64
	at   time.Time
}

func Snapshot(folder string) (map[string]Footprint, error) {
	files, err := auth.CredentialFiles(folder)
	if err != nil {
		return nil, err
	}
	seen := make(map[string]Footprint, len(files))
	for _, file := range files {
		if info, err := os.Stat(file); err == nil {
			seen[file] = Footprint{info.Size(), info.ModTime()}
		}
	}
	return seen, nil
}

// AwaitFile is the proof of a sign-in whose credential somebody else wrote: a
// new or changed file of the provider's type. No word of a server counts
// without one. Fault: login-unproven.
func AwaitFile(ctx context.Context, cfg *config.Config, env auth.Environment, p provider.Provider, before map[string]Footprint) (auth.Change, error) {
	late := time.After(proofPatience)
	for {
		accounts, err := auth.Accounts(ctx, cfg, env)
		if err != nil {
			return auth.Change{}, err
		}
		if file := findWritten(accounts, p, before); file != "" {
			c := []auth.Change{{Changed: true, Destination: file, Warnings: []auth.Warning{}, Proof: "a new credential file is there"}}
			return c[0], StillInPlace(All(ctx, cfg, env, c)) // the server wrote it: it stays
		}
		select {
		case <-ctx.Done():
			return auth.Change{}, ctx.Err()
		case <-late:
			return auth.Change{}, fault.New("login-unproven", "the sign-in to %s was said to have worked, but no new or changed credential of it is in %s", p.Name, auth.Folder(cfg, env)).
				WithHint("does the server write to another folder? mage doctor compares auth-dir; mage logs cliproxyapi_plus has what it said")
		case <-time.After(proofPause):
		}
	}
}

// findWritten is the file that a sign-in has left: a new one, else the one that was
// changed last. The server may renew other accounts meanwhile, so that a
// changed file alone says less.
func findWritten(accounts []auth.Account, p provider.Provider, before map[string]Footprint) (file string) {
	var at time.Time
	fresh := false
	for _, a := range accounts {
		info, err := os.Stat(a.File)
		if err != nil || a.Provider != p.Name || filepath.Ext(a.File) != ".json" {
			continue
		}
		old, known := before[a.File]
		changed := !known || old != (Footprint{info.Size(), info.ModTime()})
		if changed && (file == "" || !known && !fresh || !known == fresh && info.ModTime().After(at)) {
			file, at, fresh = a.File, info.ModTime(), !known
		}
	}
	return file
}
