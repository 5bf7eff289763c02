package stack_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/flowgate-go/flowgate/internal/generation"
	"github.com/flowgate-go/flowgate/internal/scaffold"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/stack"
	"github.com/flowgate-go/flowgate/supervisor/stack/change"
)

func TestAKeyThatWasReplacedSinceIsTakenFromTheFileAsItIs(t *testing.T) {
	t.Parallel()
	s := initialised(t, scaffold.Options{})
	s.replace(s.file, "api_key_ref: upstream", "api_key: sk-first-0123456789")
	s.start()
	s.replace(s.file, "sk-first-0123456789", "sk-second-0123456789")
	s.replace(s.file, "num_retries: 2", "num_retries: 1")
	if _, err := stack.RestartFresh(t.Context(), s.load(), s.o); err != nil {
		t.Fatal(err)
	}
	r, err := change.Rollback(t.Context(), s.o, 1, false)
	if err != nil || !r.Verified || r.Current != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	text, err := os.ReadFile(s.file)
	if err != nil || !strings.Contains(string(text), "num_retries: 2") ||
		!strings.Contains(string(text), "sk-second-0123456789") {
		t.Errorf("%v: %s", err, text)
	}
}

func TestAKeyThatIsNowhereEndsARollbackBeforeItBegins(t *testing.T) {
	t.Parallel()
	s := initialised(t, scaffold.Options{})
	s.replace(s.file, "api_key_ref: upstream", "api_key: sk-first-0123456789")
	s.start()
	s.replace(s.file, "api_key: sk-first-0123456789", "api_key_ref: upstream")
	if _, err := stack.RestartFresh(t.Context(), s.load(), s.o); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(filepath.Dir(s.file), "..", ".router/runtime/litellm.active.yaml")); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(s.file)
	_, err := change.Rollback(t.Context(), s.o, 1, false)
	wantCode(t, err, "secret-gone", "litellm_base.model_list[0].litellm_params.api_key")
	if after, _ := os.ReadFile(s.file); string(after) != string(before) {
		t.Error("the file was changed")
	}
}

func TestAnInterruptedRollbackLeavesTheStackAsItWas(t *testing.T) {
	t.Parallel()
	s := initialised(t, scaffold.Options{})
	s.start()
	s.replace(s.file, "request_timeout: 600", "request_timeout: 601") // so that a file that people edit is replaced, too
	if _, err := stack.SetProfile(t.Context(), s.load(), "cost", s.o); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	o, written := s.o, map[string]bool{}
	o.OnStep = func(step string) {
		written[step] = true
		if written["file:flowgate"] && written["profile"] {
			cancel()
		}
	}
	if _, err := change.Rollback(ctx, o, 1, false); !errors.Is(err, context.Canceled) {
		t.Fatalf("want canceled, got %v", err)
	}
	if copies, _ := filepath.Glob(filepath.Join(s.load().Dir, "*.bak-*")); len(copies) > 0 {
		t.Errorf("copies are left: %q", copies)
	}
	status, err := supervisor.Query(t.Context(), s.load())
	if err != nil || status.Profile != "cost" || status.CheckHealth() != nil {
		t.Errorf("%+v, %v", status, err)
	}
	log, err := os.ReadFile(s.load().Paths.LogFile)
	if err != nil || !strings.Contains(string(log), `"event":"rollback.failed"`) ||
		strings.Contains(string(log), `"event":"generation.restored"`) {
		t.Errorf("%v, events\n%s", err, log)
	}
	if did, err := change.Recover(t.Context(), s.o); did != "" || err != nil {
		t.Errorf("something was left to recover: %q, %v", did, err)
	}
}

func TestOfManyRollbacksAtOnceEachFindsAWholeState(t *testing.T) {
	t.Parallel()
	s := initialised(t, scaffold.Options{})
	s.start()
	if _, err := stack.SetProfile(t.Context(), s.load(), "cost", s.o); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			if _, err := change.Rollback(t.Context(), s.o, i%2+1, false); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	status, err := supervisor.Query(t.Context(), s.load())
	current := generation.Current(s.load().Paths.Root())
	want := map[int]string{1: "balanced", 2: "cost"}[current]
	if err != nil || status.Profile != want || status.CheckHealth() != nil {
		t.Errorf("generation %d with %+v, %v", current, status, err)
	}
}
