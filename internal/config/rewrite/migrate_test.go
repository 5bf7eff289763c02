package rewrite_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/rewrite"
	"github.com/flowgate-go/flowgate/internal/fault"
)

var moment = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// project copies a valid file of the corpus into a folder of its own.
func project(t *testing.T, name string) (path string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(corpus, "valid", name))
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "flowgate.yaml")
	if err := os.WriteFile(path, text, 0o640); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMigratedFilesMeanTheSameAndKeepTheirText(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"v1-old-names", "old-common-layout", "json-form", "v2-with-old-names",
		"v1-with-new-names", "mixed-without-version"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := project(t, name+".yaml")
			before := load(t, path)
			old, _ := os.ReadFile(path)
			m, err := rewrite.Migrate(path, false, moment, environ)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := os.ReadFile(path)
			expect(t, filepath.Join(corpus, "valid", name+".migrated"), string(got))
			after := load(t, path)
			if after.Version != 2 || !m.Changed || m.To != 2 {
				t.Errorf("version %d, migration %+v", after.Version, m)
			}
			before.Version, before.Warnings, after.Warnings = 2, nil, nil
			if !reflect.DeepEqual(before, after) {
				t.Errorf("before %+v\nafter %+v", before, after)
			}
			if kept, _ := os.ReadFile(m.Backup); string(kept) != string(old) || m.Backup != path+".bak-20260304T050607Z" {
				t.Errorf("backup %s differs", m.Backup)
			}
			for _, file := range []string{path, m.Backup} {
				if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o640 {
					t.Errorf("%s: %v, %v", file, info.Mode(), err)
				}
			}
			again, err := rewrite.Migrate(path, false, moment, environ)
			if err != nil || again.Changed || again.Backup != "" {
				t.Errorf("a second run: %+v, %v", again, err)
			}
		})
	}
}

func load(t *testing.T, path string) *config.Config {
	t.Helper()
	cfg, err := config.Load(path, environ)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestADryRunShowsTheDifferenceAndWritesNothing(t *testing.T) {
	t.Parallel()
	path := project(t, "v1-old-names.yaml")
	old, _ := os.ReadFile(path)
	m, err := rewrite.Migrate(path, true, moment, environ)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != string(old) || m.Backup != "" {
		t.Error("something was written")
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("files: %v", entries)
	}
	diff := strings.Join(m.Diff, "\n")
	for _, line := range []string{"-config_version: 1   # old", "+config_version: 2   # old", "-oauth:", "+auth:",
		"+  providers:", "+secret_files:", "+  cliproxyapi_plus:   # the upstream"} {
		if !strings.Contains(diff, "\n"+line+"\n") {
			t.Errorf("%q is not in the diff:\n%s", line, diff)
		}
	}
}

func TestMigratingKeepsWindowsLineEndsAndAByteOrderMark(t *testing.T) {
	t.Parallel()
	path := project(t, "v1-old-names.yaml")
	text, _ := os.ReadFile(path)
	if err := os.WriteFile(path, []byte("\xef\xbb\xbf"+strings.ReplaceAll(string(text), "\n", "\r\n")),
		0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := rewrite.Migrate(path, false, moment, environ); err != nil {
		t.Fatal(err)
	}
	got, _ := os.ReadFile(path)
	want, _ := os.ReadFile(corpus + "/valid/v1-old-names.migrated")
	if string(got) != "\xef\xbb\xbf"+strings.ReplaceAll(string(want), "\n", "\r\n") {
		t.Errorf("got %q", got)
	}
}

func TestVersion3AndCurrentFilesAreLeftAlone(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"v3-no-litellm.yaml", "v2-example.yaml", "anchors.yaml"} {
		m, err := rewrite.Migrate(filepath.Join(corpus, "valid", name), false, moment, environ)
		if err != nil || m.Changed || m.Message == "" || m.Backup != "" {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
}

func TestABrokenFileIsNotMigrated(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "flowgate.yaml")
	if err := os.WriteFile(path, []byte("config_version: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := rewrite.Migrate(path, false, moment, environ)
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != "config-invalid" {
		t.Errorf("got %v", err)
	}
}

func TestAFailedBackupLeavesTheFileAlone(t *testing.T) {
	t.Parallel()
	// its backup's name is too long
	path := filepath.Join(filepath.Dir(project(t, "v1-old-names.yaml")), strings.Repeat("n", 245)+".yaml")
	if err := os.Rename(filepath.Join(filepath.Dir(path), "flowgate.yaml"), path); err != nil {
		t.Fatal(err)
	}
	old, _ := os.ReadFile(path)
	_, err := rewrite.Migrate(path, false, moment, environ)
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != "backup-failed" {
		t.Errorf("got %v", err)
	}
	if got, _ := os.ReadFile(path); string(got) != string(old) {
		t.Error("the file was changed")
	}
}

func TestABackupWhoseNameIsTakenGetsANumber(t *testing.T) {
	t.Parallel()
	path := project(t, "v1-old-names.yaml")
	old, _ := os.ReadFile(path)
	makeEmptyFile(t, path+".bak-20260304T050607Z") // as an earlier change within the same second leaves it
	m, err := rewrite.Migrate(path, false, moment, environ)
	if err != nil || m.Backup != path+".bak-20260304T050607Z-2" {
		t.Fatalf("%q, %v", m.Backup, err)
	}
	if kept, _ := os.ReadFile(m.Backup); string(kept) != string(old) {
		t.Error("the backup is not the old file")
	}
	if first, _ := os.ReadFile(path + ".bak-20260304T050607Z"); string(first) == string(old) {
		t.Error("the earlier backup was overwritten")
	}
}

func TestMigratingASymbolicLinkReplacesItsTarget(t *testing.T) {
	t.Parallel()
	target := project(t, "old-common-layout.yaml")
	link := filepath.Join(filepath.Dir(target), "link.yaml")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	if _, err := rewrite.Migrate(link, false, moment, environ); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
	if load(t, target).Version != 2 || len(load(t, target).Warnings) != 0 {
		t.Error("the target was not migrated")
	}
}

func TestOldNamesInVersion3AreRenamedAndItStaysVersion3(t *testing.T) {
	t.Parallel()
	path := project(t, "v3-without-version.yaml")
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "v3.cliproxyapi"), []byte("port: 8418\nhost: 127.0.0.1\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	before := load(t, path)
	m, err := rewrite.Migrate(path, false, moment, environ)
	if err != nil || !m.Changed || m.To != 3 {
		t.Fatalf("%+v, %v", m, err)
	}
	after := load(t, path)
	if after.Version != 3 || len(after.Warnings) != 0 || !reflect.DeepEqual(before.SecretFiles, after.SecretFiles) ||
		!reflect.DeepEqual(before.Providers, after.Providers) {
		t.Errorf("%+v", after)
	}
	if again, err := rewrite.Migrate(path, false, moment, environ); err != nil || again.Changed ||
		!strings.Contains(again.Message, "version 3") {
		t.Errorf("%+v, %v", again, err)
	}
}
