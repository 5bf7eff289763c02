package change

import (
	"context"
	"fmt"
	"os"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/generation"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/stack/journal"
)

// Pending reports whether a change has begun and not ended: somebody is at it,
// or was killed and Recover has to be called. It is one look at the disk.
func Pending(cfg *config.Config) bool {
	_, err := os.Stat(journal.Dir(cfg.Paths.Root()))
	return err == nil
}

// Recover ends a change that a killed command left half-done: what was before
// is put back, and services that run from the new state are restarted. It says
// what it did in one line, "" when there was nothing to do or when the change is another command's that still lives. Faults:
// journal-damaged, undo-failed; those of supervisor.Restart.
func Recover(ctx context.Context, o Options) (did string, err error) {
	cfg, loadErr := o.Load()
	root := ""
	if loadErr == nil {
		root = cfg.Paths.Root()
	} else if root, err = generation.FindRoot(o.File, "."); err != nil {
		return "", nil // nothing was ever recorded, so nothing was changed either
	}
	if _, err := os.Stat(journal.Dir(root)); err != nil {
		return "", nil
	}
	if cfg == nil {
		cfg = minimalConfig(root)
	}
	lock, ok := supervisor.TryLockChanges(ctx, cfg)
	if !ok {
		return "", nil
	}
	defer lock.Close()
	return o.undoPending(ctx, root, cfg)
}

// undoPending does what Recover is for; its caller holds the lock.
func (o Options) undoPending(ctx context.Context, root string, cfg *config.Config) (string, error) {
	j, err := journal.Read(root, cfg)
	if j == nil || err != nil {
		return "", err
	}
	if err := j.Undo(root, cfg, o.Reached); err != nil {
		return "", err
	}
	did := fmt.Sprintf("%s from generation %d was interrupted at %s; everything is as it was before it",
		j.Kind, j.From, j.StartedAt.Format("15:04:05"))
	if now, err := o.Load(); err == nil {
		cfg = now
		if status, err := supervisor.Query(ctx, cfg); err == nil {
			if again := selectRunning(status, j.Restart); len(again) > 0 {
				so := o.Start
				so.Services = again
				if _, err := supervisor.Restart(ctx, cfg, so); err != nil {
					return did, err
				}
				did += fmt.Sprintf(", and %s restarted", pluralize(len(again), "service"))
			}
		}
	}
	_ = supervisor.RecordEvent(cfg, control.Event{Event: control.EventChangeRecovered, Result: "ok", Detail: did})
	return did, nil
}

// minimalConfig is enough of a configuration to find the files below root by, for when
// the real one does not parse: every generation says where they are.
func minimalConfig(root string) *config.Config {
	cfg := &config.Config{Dir: root}
	if all, _, err := generation.List(root); err == nil && len(all) > 0 {
		cfg.Paths.RuntimeDir = all[len(all)-1].RuntimeDir
	}
	cfg.Paths.LogFile = cfg.Paths.RuntimeDir + "/events.log"
	return cfg
}
