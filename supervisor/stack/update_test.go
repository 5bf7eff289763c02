package stack_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/bootstrap"
	"github.com/flowgate-go/flowgate/internal/bootstrap/releasetest"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/scaffold"
	"github.com/flowgate-go/flowgate/internal/store"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/stack"
	"github.com/flowgate-go/flowgate/supervisor/stack/try"
)

// TestCLIProxyAPIIsUpdatedFromItsReleases takes the whole way: a release is
// fetched, tried with a copy of the configuration that has no credentials in it,
// switched to, and one that lost an endpoint is refused with its name.
func TestCLIProxyAPIIsUpdatedFromItsReleases(t *testing.T) {
	t.Parallel()
	s := initialised(t, scaffold.Options{Upstream: config.RuntimeCLIProxyAPI})
	dir := filepath.Dir(s.file)
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "..", ".router/auths/codex-canary.json"), []byte("{}"), 0o600),
		appendTo(filepath.Join(dir, "cliproxyapi.yaml"),
			"\ncodex-api-key:\n  - api-key: sk-canary-0123456789\n")); err != nil {
		t.Fatal(err)
	}
	releases := releasetest.New(t)
	add := func(version, variable string) {
		data, err := os.ReadFile(compile(t, "./testdata/cliproxyapi", "-ldflags=-s -w -X main.version="+version+" -X "+variable))
		if err != nil {
			t.Fatal(err)
		}
		releases.Add(version, releasetest.Pack(t, map[string][]byte{"cli-proxy-api": data}))
	}
	cfg := s.load()
	request := func(version string) stack.UpdateRequest {
		return stack.UpdateRequest{Request: bootstrap.Request{Runtime: config.RuntimeCLIProxyAPI, Version: version,
			Repository: releases.Repository,
			Getenv:     func(name string) string { return map[string]string{"GITHUB_API_URL": releases.URL}[name] }}}
	}
	add("6.9.9", "main.lacks=/v1/models")
	_, err := stack.Update(t.Context(), s.o, cfg, request(""))
	wantCode(t, err, "probe-missing", "models")
	if linked := store.ActiveFolder(cfg, config.RuntimeCLIProxyAPI); linked != "" {
		t.Errorf("a first version that lacks something is active: %s", linked)
	}
	add("7.0.0", "main.built=one")
	first, err := stack.Update(t.Context(), s.o, cfg, request(""))
	if err != nil || !first.Changed || first.To != "7.0.0" || len(first.Probes) != 10 {
		t.Fatalf("the first: %+v, %v", first, err)
	}
	add("7.1.0", "main.lacks=/v0/management/auth-files")
	_, err = stack.Update(t.Context(), s.o, cfg, request(""))
	wantCode(t, err, "probe-missing", "auth-files", "7.1.0", "nothing was switched")
	if missing := fault.From(err).Detail.(try.Result).Missing; !slices.Equal(missing, []string{"auth-files"}) {
		t.Errorf("missing: %v", missing)
	}
	if in, _ := store.Current(cfg, config.RuntimeCLIProxyAPI); in.Version != "7.0.0" {
		t.Errorf("%s is active", in.Version)
	}
	add("7.2.0", "main.built=two")
	got, err := stack.Update(t.Context(), s.o, cfg, request(""))
	if err != nil || got.From != "7.0.0" || got.To != "7.2.0" || !got.Changed {
		t.Fatalf("the next: %+v, %v", got, err)
	}
	if again, err := stack.Update(t.Context(), s.o, cfg, request("")); err != nil || again.Changed {
		t.Errorf("once more: %+v, %v", again, err)
	}
}

func appendTo(file, text string) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

func TestAProbeTouchesNothingOfTheStackThatRuns(t *testing.T) {
	t.Parallel()
	s := initialised(t, scaffold.Options{})
	s.start()
	before, err := supervisor.Query(t.Context(), s.load())
	if err != nil {
		t.Fatal(err)
	}
	checked, err := try.Run(t.Context(), s.o, s.load(), config.RuntimeEmbedded, "", nil)
	if err != nil || len(checked.Data.(try.Result).Missing) > 0 {
		t.Fatalf("%+v, %v", checked, err)
	}
	after, err := supervisor.Query(t.Context(), s.load())
	if err != nil || before.Services[1].PID != after.Services[1].PID || before.Supervisor.PID != after.Supervisor.PID {
		t.Errorf("before %+v, after %+v, %v", before, after, err)
	}
	_, err = try.Run(t.Context(), s.o, s.load(), "nonsense", "", nil)
	if err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Error(err)
	}
}
