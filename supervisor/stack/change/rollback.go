package change

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/generation"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// Restored is what Rollback did, or would do.
type Restored struct {
	Current     int                     `json:"current"`     // generation in force now
	Restored    int                     `json:"restored"`    // the generation that was restored
	From        int                     `json:"from"`        // the generation in force before
	Changed     []string                `json:"changed"`     // files replaced, runtimes switched
	Restarted   []string                `json:"restarted"`   // services
	Verified    bool                    `json:"verified"`    // requests were answered by the router that runs from it
	Backups     []string                `json:"backups"`     // of files that people edit
	Generations []generation.Generation `json:"generations"` // the restored one
	DryRun      bool                    `json:"dry_run"`
	Warnings    []string                `json:"warnings"`
}

// Rollback restores a generation: configuration, profile and runtimes. to 0 means the
// last one before the current that was ready. Only services whose inputs differ are
// restarted. If they do not get ready or a request fails, the whole change is taken
// back: fault rollback-failed. It works when the present configuration does not parse.
// Other faults: generation-unknown, generation-damaged, secret-gone,
// version-not-installed, store-tampered, rollback-elsewhere, journal-failed.
func Rollback(ctx context.Context, o Options, to int, dryRun bool) (Restored, error) {
	root, err := o.findRoot()
	if err != nil {
		return Restored{}, err
	}
	r := rollbackPlan{o: o, root: root, result: Restored{
		Changed: []string{}, Restarted: []string{}, Backups: []string{}, Warnings: []string{}, DryRun: dryRun,
	}}
	if err := r.chooseTarget(to); err != nil {
		return r.result, err
	}
	if !dryRun {
		lock, err := supervisor.LockChanges(ctx, minimalConfig(root))
		if err != nil {
			return r.result, err
		}
		defer lock.Close()
		if err := r.undoPending(ctx); err != nil {
			return r.result, err
		}
		if err := r.chooseTarget(to); err != nil { // again: the command that had the lock may have changed it
			return r.result, err
		}
	}
	if err := r.plan(); err != nil {
		return r.result, err
	}
	if dryRun {
		r.result.Restarted = r.change.Restart
		return r.result, nil
	}
	return r.execute(ctx)
}

// findRoot returns the folder of the installation's state, also when the configuration
// does not parse.
func (o Options) findRoot() (string, error) {
	if cfg, err := o.Load(); err == nil {
		return cfg.Paths.Root(), nil
	}
	return generation.FindRoot(o.File, o.Dir)
}

// rollbackPlan is a rollback that is prepared or in progress.
type rollbackPlan struct {
	o       Options
	root    string
	current generation.Generation // Number 0 when none is
	target  generation.Generation
	change  Change
	result  Restored
}

// undoPending undoes a change that an earlier command began and did not end, and adds a
// warning that says so.
func (r *rollbackPlan) undoPending(ctx context.Context) error {
	summary, err := r.o.undoPending(ctx, r.root, minimalConfig(r.root))
	if summary != "" {
		r.result.Warnings = append(r.result.Warnings, summary)
	}
	return err
}

// chooseTarget finds the generation to restore.
func (r *rollbackPlan) chooseTarget(to int) error {
	all, current, err := generation.List(r.root)
	if err != nil {
		return err
	}
	if to == 0 {
		previous, err := generation.FindPrevious(all, current)
		if err != nil {
			return err
		}
		to = previous.Number
	}
	if r.target, err = generation.Find(r.root, to); err != nil {
		return err
	}
	for _, g := range all {
		if g.Number == current {
			r.current = g
		}
	}
	r.result.From, r.result.Current, r.result.Restored = current, current, to
	r.result.Generations = []generation.Generation{r.target}
	return nil
}

// execute makes the planned change and records its event.
func (r *rollbackPlan) execute(ctx context.Context) (Restored, error) {
	restarted, err := r.change.Make(ctx, r.o, "rollback-failed")
	e := control.Event{
		Event:   control.EventGenerationRestored,
		Profile: r.target.Profile,
		Result:  "ok",
		Detail:  Describe(r.target),
	}
	if err != nil {
		e.Event, e.Result, e.Detail = control.EventRollbackFailed, "error", Describe(r.target)+": "+err.Error()
		_ = supervisor.RecordEvent(r.change.Before, e)
		r.dropBackups()
		return r.result, err
	}
	_ = supervisor.RecordEvent(r.change.After, e)
	r.result.Current, r.result.Restarted, r.result.Verified = r.target.Number, restarted, r.change.Verified
	return r.result, nil
}

// dropBackups removes the backups of files that are again what they were: a
// rollback that was taken back leaves no copy of keys behind.
func (r *rollbackPlan) dropBackups() {
	r.result.Backups = slices.DeleteFunc(r.result.Backups, func(backup string) bool {
		path := backup[:strings.LastIndex(backup, ".bak-")]
		saved, err := safefile.Read(backup, safefile.DocumentLimit)
		present, presentErr := safefile.Read(path, safefile.DocumentLimit)
		return err == nil && presentErr == nil && bytes.Equal(saved, present) && os.Remove(backup) == nil
	})
}

// Describe returns a generation for people.
func Describe(g generation.Generation) string {
	return fmt.Sprintf("generation %d (%s, profile %s)", g.Number, g.Reason, g.Profile)
}
