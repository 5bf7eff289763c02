package client_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/flowgate-go/flowgate/internal/client"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// script returns Claude Code with a shell script in place of its program.
func (h *home) script(text string) client.Client {
	h.t.Helper()
	c, path := find(h.t, "claude"), filepath.Join(h.dir, "bin", "claude")
	h.write(path, "#!/bin/sh\n"+text)
	if err := os.Chmod(path, 0o700); err != nil {
		h.t.Fatal(err)
	}
	c.Programs = []string{path}
	return c
}

// question asks for a word and reports these numbers of requests before and after.
func (h *home) question(counts ...int64) client.Question {
	return client.Question{
		Word: "abcword", Environ: []string{"PATH=" + os.Getenv("PATH"), "MINE=yes"}, Getenv: h.options().Getenv,
		Requests: func(context.Context) *int64 {
			if len(counts) == 0 {
				return nil
			}
			n := counts[0]
			counts = counts[1:]
			return &n
		},
	}
}

func TestAClientIsAskedByItsOwnSettings(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	c := h.script(`echo "$@, $MINE, base=$ANTHROPIC_BASE_URL, token=$ANTHROPIC_AUTH_TOKEN, $(pwd)"; ls -A`)
	got, err := client.Ask(t.Context(), c, router, h.question(3, 5))
	if err != nil || got.Via != client.ViaEnvironment || got.Seen == nil || *got.Seen != 2 || !got.Answered ||
		!strings.Contains(got.Answer, "base="+router.Root) || strings.Contains(got.Answer, router.Key) {
		t.Fatalf("before its setup: %+v, %v", got, err)
	}
	if _, err := client.Setup(t.Context(), c, router, h.options()); err != nil {
		t.Fatal(err)
	}
	got, err = client.Ask(t.Context(), c, router, h.question())
	if err != nil || got.Via != client.ViaSettings || got.Seen != nil || !strings.Contains(got.Answer, "abcword, yes, base=, token=,") {
		t.Fatalf("after it: %+v, %v", got, err)
	}
	if _, folder, _ := strings.Cut(got.Answer, "token=, "); strings.Contains(folder, "\n") || strings.HasPrefix(folder, h.dir) {
		t.Errorf("it worked in a folder with files: %s", folder)
	}
}

func TestAClientThatDoesNotAskTheRouterIsFound(t *testing.T) {
	t.Parallel()
	for want, run := range map[string]struct {
		script string
		counts []int64
		env    string
	}{
		"seen by the router: 0 requests":             {`echo "$@"`, []int64{7, 7}, ""},
		"ANTHROPIC_API_KEY is set and wins over":     {`echo "$@"`, []int64{7, 7}, "ANTHROPIC_API_KEY"},
		"ended with status 3: it is broken":          {`echo "$@"; echo "it is broken" >&2; exit 3`, []int64{7, 8}, ""},
		"did not answer what it was asked: whatever": {`echo whatever`, []int64{7, 8}, ""},
	} {
		h := newHome(t)
		c := h.script(run.script)
		if _, err := client.Setup(t.Context(), c, router, h.options()); err != nil {
			t.Fatal(err)
		}
		h.env[run.env] = "sk-something"
		_, err := client.Ask(t.Context(), c, router, h.question(run.counts...))
		if f := fault.From(err); f == nil || f.Code != "client-check-failed" || !strings.Contains(f.Message+f.Hint, want) {
			t.Errorf("%v, not %q", err, want)
		}
	}
}

func TestAClientThatHangsIsEnded(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	started := filepath.Join(h.dir, "started")
	c := h.script("sleep 1000 & touch " + started + "; wait")
	ctx, cancel := context.WithCancel(t.Context())
	var waiter sync.WaitGroup
	waiter.Go(func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(started); err == nil {
				cancel()
			}
		}
	})
	got, err := client.Ask(ctx, c, router, h.question(1, 1))
	waiter.Wait()
	if f := fault.From(err); f == nil || !strings.Contains(f.Message, "did not end") || got.Answered || got.Seen == nil {
		t.Fatalf("%+v, %v", got, err)
	}
}
