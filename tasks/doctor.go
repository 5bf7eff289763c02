package tasks

import (
	"context"
	"time"

	"github.com/magefile/mage/mg"

	"github.com/flowgate-go/flowgate/checks/doctor"
	"github.com/flowgate-go/flowgate/checks/timeline"
)

// Doctor holds the targets that say what is wrong.
type Doctor mg.Namespace

// Default says what is wrong, why, and the command that fixes it; -fix fixes what is safe to fix. -url examines a router elsewhere.
func (Doctor) Default(
	ctx context.Context,
	only *string,
	skip *string,
	fix *bool,
	strict *bool,
	online *bool,
	url *string,
	keyFile *string,
	keyEnv *string,
	caFile *string,
	insecurePlain *bool,
) error {
	return run(ctx, "doctor", func(ctx context.Context, s session) (any, error) {
		o, err := doctorOptions(s, only, skip, fix, strict, online)
		if err == nil {
			o.Remote, err = s.remoteOptions(url, keyFile, keyEnv, caFile, insecurePlain)
		}
		if err != nil {
			return nil, err
		}
		return doctor.Run(ctx, o)
	})
}

// Timeline says what happened and changed, when the stack was last well, and the likely cause if it no longer is.
func (Doctor) Timeline(ctx context.Context, since *time.Duration) error {
	return run(ctx, "doctor:timeline", func(ctx context.Context, s session) (any, error) {
		o, err := doctorOptions(s, nil, nil, nil, nil, nil)
		if err != nil {
			return nil, err
		}
		t, err := timeline.Read(ctx, o.Subject(), deref(since))
		s.writeIfLive(t.Headline())
		return t, err
	})
}

// List lists all checks of doctor with what they look at.
func (Doctor) List(ctx context.Context) error {
	return listChecks(ctx, "doctor:list", doctor.ExplainAll)
}

// Explain says what one check looks at, why, and how to fix what it finds.
func (Doctor) Explain(ctx context.Context, id string) error {
	return explainCheck(ctx, "doctor:explain", id, doctor.Explain)
}
