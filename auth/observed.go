package auth

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// state of a file that tells whether it changed.
type footprint struct {
	size int64
	at   time.Time
}

func snapshot(folder string) (map[string]footprint, error) {
	files, err := list(folder)
	if err != nil {
		return nil, err
	}
	seen := make(map[string]footprint, len(files))
	for _, file := range files {
		if info, err := os.Stat(file); err == nil {
			seen[file] = footprint{info.Size(), info.ModTime()}
		}
	}
	return seen, nil
}

// observed is the proof of a sign-in whose credential somebody else wrote: a
// new or changed file of the provider's type. No word of a server counts
// without one. Fault: login-unproven.
func (d desk) observed(ctx context.Context, p Provider, before map[string]footprint) (Change, error) {
	late := time.After(proofPatience)
	for {
		accounts, err := Accounts(ctx, d.cfg, d.env)
		if err != nil {
			return Change{}, err
		}
		if file := written(accounts, p, before); file != "" {
			c := []Change{{Changed: true, Destination: file, Warnings: []Warning{}, Proof: "a new credential file is there"}}
			return c[0], placed(d.proveAll(ctx, c)) // the server wrote it: it stays
		}
		select {
		case <-ctx.Done():
			return Change{}, ctx.Err()
		case <-late:
			return Change{}, fault.New("login-unproven", "the sign-in to %s was said to have worked, but no new or changed credential of it is in %s", p.Name, Folder(d.cfg, d.env)).
				WithHint("does the server write to another folder? mage doctor compares auth-dir; mage logs cliproxyapi_plus has what it said")
		case <-time.After(proofPause):
		}
	}
}

// written is the file that a sign-in has left: a new one, else the one that was
// changed last. The server may renew other accounts meanwhile, so that a
// changed file alone says less.
func written(accounts []Account, p Provider, before map[string]footprint) (file string) {
	var at time.Time
	fresh := false
	for _, a := range accounts {
		info, err := os.Stat(a.File)
		if err != nil || a.Provider != p.Name || filepath.Ext(a.File) != ".json" {
			continue
		}
		old, known := before[a.File]
		changed := !known || old != (footprint{info.Size(), info.ModTime()})
		if changed && (file == "" || !known && !fresh || !known == fresh && info.ModTime().After(at)) {
			file, at, fresh = a.File, info.ModTime(), !known
		}
	}
	return file
}
