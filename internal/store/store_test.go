package store_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/store"
)

func stack(t *testing.T) *config.Config {
	t.Helper()
	return config.Default(t.TempDir())
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// install installs a version whose program is a script.
func install(t *testing.T, cfg *config.Config, version string) store.Install {
	t.Helper()
	in, err := add(t.Context(), cfg, version, func(dir string) error {
		return errors.Join(os.Mkdir(filepath.Join(dir, "bin"), 0o700),
			os.WriteFile(filepath.Join(dir, "bin", "run"), []byte("#!/bin/sh\n# "+version+"\n"), 0o700),
			os.Symlink("run", filepath.Join(dir, "bin", "link")))
	})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func add(ctx context.Context, cfg *config.Config, version string, fill func(dir string) error) (store.Install, error) {
	lock, err := store.Lock(ctx, cfg, "cliproxyapi")
	if err != nil {
		return store.Install{}, err
	}
	defer lock.Close()
	return store.Add(
		ctx,
		cfg,
		store.NewInstall{Name: "cliproxyapi", Version: version, Digest: hashOf(version), Binary: "bin/run", Source: "a test",
			Fill: func(_ context.Context, dir string, _ *store.NewInstall) error { return fill(dir) }},
	)
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if f := (*fault.Error)(nil); !errors.As(err, &f) || f.Code != code {
		t.Fatalf("want %s, got %v", code, err)
	}
}

func TestVersionsLieSideBySideAndOneIsActive(t *testing.T) {
	t.Parallel()
	cfg := stack(t)
	if list, err := store.Installed(cfg); err != nil || len(list) != 0 {
		t.Fatalf("an empty store: %v, %v", list, err)
	}
	old := install(t, cfg, "1.0.0")
	install(t, cfg, "1.1.0-plus")
	if again := install(t, cfg, "1.0.0"); again.InstalledAt != old.InstalledAt {
		t.Error("an installed version was installed again")
	}
	for _, version := range []string{"1.0.0", "1.1.0-plus"} {
		in, err := store.Find(cfg, "cliproxyapi", version)
		if err == nil {
			err = store.Activate(cfg, "cliproxyapi", in.Folder())
		}
		current, ok := store.Current(cfg, "cliproxyapi")
		if err != nil || !ok || current.Version != version || store.Verify(current) != nil {
			t.Fatalf("%s: %+v, %v", version, current, err)
		}
	}
	list, err := store.Installed(cfg)
	if err != nil || len(list) != 2 || list[0].Active || !list[1].Active || list[0].Version != "1.0.0" {
		t.Errorf("%+v, %v", list, err)
	}
	wantCode(t, store.Remove(list[1]), "version-in-use")
	if err := store.Remove(list[0]); err != nil {
		t.Error(err)
	}
	_, err = store.Find(cfg, "cliproxyapi", "1.0.0")
	wantCode(t, err, "version-not-installed")
	wantCode(t, store.Activate(cfg, "cliproxyapi", old.Folder()), "version-not-installed")
	if current, ok := store.Current(cfg, "cliproxyapi"); !ok || current.Version != "1.1.0-plus" {
		t.Error("a refused activation changed the active version")
	}
}

func TestAnythingChangedInAnInstallIsFound(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(dir string) error{
		"bin/run": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "bin/run"), []byte("#!/bin/sh\nevil"), 0o700)
		},
		"bin/more": func(dir string) error { return os.WriteFile(filepath.Join(dir, "bin/more"), nil, 0o600) },
		"bin/link": func(dir string) error { return os.Remove(filepath.Join(dir, "bin/link")) },
		"mode":     func(dir string) error { return os.Chmod(filepath.Join(dir, "bin/run"), 0o777) },
		"manifest": func(dir string) error {
			return errors.Join(os.WriteFile(filepath.Join(dir, ".flowgate.manifest"), nil, 0o600),
				os.Remove(filepath.Join(dir, "bin/run")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := install(t, stack(t), "1.0.0")
			if err := change(in.Path); err != nil {
				t.Fatal(err)
			}
			err := store.Verify(in)
			wantCode(t, err, "store-tampered")
			detail := fault.From(err).Detail.(store.Tampered)
			if filepath.Dir(name) == "bin" && !slices.Equal(detail.Changed, []string{name}) {
				t.Errorf("named %v", detail.Changed)
			}
		})
	}
}

func TestAProgramThatWasChangedInPlaceIsNotExecuted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(dir string) error
		code   string
	}{
		"unchanged": {func(string) error { return nil }, ""},
		"its content, with size and times as they were": {func(dir string) error {
			path := filepath.Join(dir, "bin/run")
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			return errors.Join(os.WriteFile(path, []byte("#!/bin/sh\n# 9.9.9\n"), 0o700),
				os.Chtimes(path, info.ModTime(), info.ModTime()))
		}, "store-tampered"},
		"its mode": {func(dir string) error { return os.Chmod(filepath.Join(dir, "bin/run"), 0o755) }, "store-tampered"},
		"what lies beside it": {func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "bin/link")), os.Symlink("/bin/sh", filepath.Join(dir, "bin/link")))
		}, "store-tampered"},
		"gone": {func(dir string) error { return os.Remove(filepath.Join(dir, "bin/run")) },
			"store-tampered"},
		"the manifest": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, ".flowgate.manifest"),
				nil, 0o600)
		}, "store-tampered"},
		"the signature": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, ".flowgate.json"),
				[]byte("{}"), 0o600)
		}, "state-untrusted"},
		"only a file that is beyond": {func(dir string) error { return os.WriteFile(filepath.Join(dir, "more"), nil, 0o600) },
			""},
	} {
		cfg := stack(t)
		in := install(t, cfg, "1.0.0")
		if err := errors.Join(store.Activate(cfg, "cliproxyapi", in.Folder()), c.change(in.Path)); err != nil {
			t.Fatal(err)
		}
		err := store.VerifyProgram(cfg, "cliproxyapi", filepath.Join(store.Dir(cfg, "cliproxyapi"), "current", "bin", "run"))
		if got := fault.From(err); c.code == "" && err != nil || c.code != "" && (err == nil || got.Code != c.code) {
			t.Errorf("%s: %v, want %q", name, err, c.code)
		}
	}
	if err := store.VerifyProgram(stack(t), "cliproxyapi", "/bin/sh"); err != nil {
		t.Errorf("a program from elsewhere: %v", err)
	}
}

func TestAnInstallationThatFailsOrIsInterruptedLeavesNothing(t *testing.T) {
	t.Parallel()
	cfg := stack(t)
	boom := errors.New("the disk is full")
	_, err := add(t.Context(), cfg, "1.0.0", func(dir string) error {
		return errors.Join(os.WriteFile(filepath.Join(dir, "half"), nil, 0o600), boom)
	})
	if !errors.Is(err, boom) {
		t.Fatal(err)
	}
	dir := store.Dir(cfg, "cliproxyapi")
	killed := filepath.Join(dir, "2.0.0-0123456789ab") // as a killed process leaves it: no record
	if err := os.MkdirAll(filepath.Join(killed, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	if list, err := store.Installed(cfg); err != nil || len(list) != 0 {
		t.Errorf("listed %v, %v", list, err)
	}
	install(t, cfg, "1.0.0")
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if e.IsDir() && e.Name() != "1.0.0-"+hashOf("1.0.0")[7:19] {
			t.Errorf("%s was left behind", e.Name())
		}
	}
}

func TestOfTwoInstallationsAtOnceOneWaits(t *testing.T) {
	t.Parallel()
	cfg := stack(t)
	inside := 0
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			_, err := add(t.Context(), cfg, "1.0.0", func(dir string) error {
				inside++
				return os.MkdirAll(filepath.Join(dir, "bin"), 0o700)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if inside != 1 {
		t.Errorf("%d installed", inside)
	}
	lock, err := store.Lock(t.Context(), cfg, "cliproxyapi")
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := store.Lock(ctx, cfg, "cliproxyapi"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the lock was taken twice: %v", err)
	}
}

func TestAPinHoldsAndIsTakenAway(t *testing.T) {
	t.Parallel()
	cfg := stack(t)
	install(t, cfg, "1.0.0")
	if err := store.Pin(cfg, "cliproxyapi", "1.0.0"); err != nil || store.PinnedVersion(cfg, "cliproxyapi") != "1.0.0" {
		t.Fatal(err)
	}
	if list, _ := store.Installed(cfg); !list[0].Pinned {
		t.Error("the list does not show the pin")
	}
	for range 2 {
		if err := store.Pin(cfg, "cliproxyapi", ""); err != nil || store.PinnedVersion(cfg, "cliproxyapi") != "" {
			t.Error(err)
		}
	}
}

func TestAProgramForAnotherMachineIsRefused(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := store.CheckPlatform(self); err != nil {
		t.Error(err)
	}
	data, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "linux" {
		data[18] ^= 0xff // e_machine of the ELF header
	} else {
		data[4] ^= 0x10 // cputype of the Mach-O header
	}
	dir := t.TempDir()
	for name, content := range map[string][]byte{"other": data, "html": []byte("<!DOCTYPE html>"), "empty": nil} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o700); err != nil {
			t.Fatal(err)
		}
		wantCode(t, store.CheckPlatform(path), "platform-wrong")
	}
}

// TestAnInstallThatIsPlantedIsNotTakenForTheOneAskedFor: another lies under the
// name that the install would have.
func TestAnInstallThatIsPlantedIsNotTakenForTheOneAskedFor(t *testing.T) {
	t.Parallel()
	cfg := stack(t)
	in := install(t, cfg, "1.0.0")
	record := filepath.Join(in.Path, ".flowgate.json")
	if err := os.WriteFile(record, []byte(`{"name":"cliproxyapi","version":"1.0.0","binary":"bin/run"}`),
		0o600); err != nil {
		t.Fatal(err)
	}
	_, err := add(t.Context(), cfg, "1.0.0", func(string) error { t.Error("it was filled"); return nil })
	wantCode(t, err, "state-untrusted")
	if err := store.Sign(cfg); err != nil {
		t.Fatal(err)
	}
	if in, err := add(t.Context(), cfg, "1.0.0", nil); err != nil || !in.Signed {
		t.Errorf("after trust signed it: %+v, %v", in, err)
	}
}
