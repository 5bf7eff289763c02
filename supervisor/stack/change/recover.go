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

// Pending reports whether a change has begun and not ended: another command is making
// it, or was killed and Recover must be called. It only looks at the disk.
func Pending(cfg *config.Config) bool {
	_, err := os.Stat(journal.Dir(cfg.Paths.Root()))
	return err == nil
}

// Recover undoes a change that a killed command left half-done: it restores the files
// before the change and restarts services that run from the new state. It returns
// one line that says what it did, "" if there was nothing to do or if the command that
// makes the change still runs. Faults: journal-damaged, undo-failed; those of
// supervisor.Restart.
func Recover(ctx context.Context, o Options) (summary string, err error) {
	cfg, loadErr := o.Load()
	root := ""
	if loadErr == nil {
		root = cfg.Paths.Root()
	} else if root, err = generation.FindRoot(o.File, o.Dir); err != nil {
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

// undoPending undoes an interrupted change; its caller holds the lock.
func (o Options) undoPending(ctx context.Context, root string, cfg *config.Config) (string, error) {
	j, err := journal.Read(root, cfg)
	if j == nil || err != nil {
		return "", err
	}
	if err := j.Undo(root, cfg, o.ReportStep); err != nil {
		return "", err
	}
	summary := fmt.Sprintf("%s from generation %d was interrupted at %s; everything is as it was before it",
		j.Kind, j.From, j.StartedAt.Format("15:04:05"))
	if present, err := o.Load(); err == nil {
		cfg = present
		if status, err := supervisor.Query(ctx, cfg); err == nil {
			if toRestart := selectRunning(status, j.Restart); len(toRestart) > 0 {
				startOptions := o.Start
				startOptions.Services = toRestart
				if _, err := supervisor.Restart(ctx, cfg, startOptions); err != nil {
					return summary, err
				}
				summary += fmt.Sprintf(", and %s restarted", pluralize(len(toRestart), "service"))
			}
		}
	}
	_ = supervisor.RecordEvent(cfg, control.Event{Event: control.EventChangeRecovered, Result: "ok", Detail: summary})
	return summary, nil
}

// minimalConfig returns a configuration that has only the paths below root. It serves when
// the real one does not parse. Every generation records these paths.
func minimalConfig(root string) *config.Config {
	cfg := &config.Config{Dir: root}
	if all, _, err := generation.List(root); err == nil && len(all) > 0 {
		cfg.Paths.RuntimeDir = all[len(all)-1].RuntimeDir
	}
	cfg.Paths.LogFile = cfg.Paths.RuntimeDir + "/events.log"
	return cfg
}
