package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/rightstest"
)

func TestFilesThatCannotBeReadSayWhyInOneLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	fifo := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	holder, err := os.OpenFile(fifo, os.O_RDWR, 0) // so that opening it does not block
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	large := write("large.yaml", "", 0o600)
	if err := os.Truncate(large, 100<<20); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, code, message string }{
		{filepath.Join(dir, "nowhere.yaml"), "config-not-found", ": no such file"},
		{dir, "config-unreadable", ": is a folder, not a file"},
		{fifo, "config-unreadable", ": is not a regular file"},
		{large, "config-too-large", ": is larger than 4 MB"},
	} {
		_, err := config.Load(c.path, environ)
		var f *fault.Error
		if !errors.As(err, &f) || f.Code != c.code || f.Exit != fault.ExitUsage || f.Message != c.path+c.message ||
			f.Hint == "" {
			t.Errorf("%s: got %#v, want %s", c.path, f, c.code)
		}
		if _, checkErr := config.Check(c.path, environ); checkErr == nil {
			t.Errorf("%s: Check finds nothing wrong", c.path)
		}
	}
}

func TestAFileThatMayNotBeReadSaysSo(t *testing.T) {
	t.Parallel()
	if !rightstest.Ordinary(t) {
		return
	}
	path := filepath.Join(t.TempDir(), "closed.yaml")
	if err := os.WriteFile(path, []byte("a: 1"), 0); err != nil {
		t.Fatal(err)
	}
	_, err := config.Load(path, environ)
	if f := fault.From(err); f == nil || f.Code != "config-unreadable" || f.Exit != fault.ExitUsage ||
		f.Message != path+": permission denied" || f.Hint == "" {
		t.Errorf("got %#v", f)
	}
	if _, err := config.Check(path, environ); err == nil {
		t.Error("Check finds nothing wrong")
	}
}

func TestByteOrderMarkAndWindowsLineEndsAreAccepted(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(corpus + "/valid/v2-example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "flowgate.yaml")
	if err := os.WriteFile(path, append([]byte("\xef\xbb\xbf"), strings.ReplaceAll(string(text), "\n", "\r\n")...),
		0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path, environ)
	if err != nil {
		t.Fatal(err)
	}
	if router, _ := cfg.Service(config.LiteLLM); router.Port != 4000 || router.ReadinessPath != "/health/readiness" {
		t.Errorf("got %+v", router)
	}
}

func TestCheckListsProblemsAndWarningsTogether(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(corpus + "/valid/v1-old-names.yaml")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "flowgate.yaml")
	broken := strings.Replace(string(text), "port: 4000", "port: none\n    prot: 1", 1)
	if err := os.WriteFile(path, []byte(broken), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := config.Check(path, environ)
	if err != nil {
		t.Fatal(err)
	}
	if found.Version != 1 || len(found.Problems) != 2 || len(found.Warnings) != 5 || found.File != path {
		t.Errorf("got %+v", found)
	}
	if p := found.Problems[0]; p.Path != "services.litellm.port" || p.Line != 15 || p.Column != 11 {
		t.Errorf("first problem %+v", p)
	}
}

func makeEmptyFile(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTheLedgerCanBeTurnedOff(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "flowgate.yaml")
	const rest = "config_version: 2\npaths: {runtime_dir: r, active_config: a, state_file: s, log_file: l}\n" +
		"services: {litellm: {port: 4000, runtime: embedded}, cliproxyapi_plus: {port: 8317, runtime: echo}}\nlitellm_base: {model_list: []}\nprofiles: {p: {}}\n"
	for usage, want := range map[string]config.Usage{
		"":                              {Ledger: true, Days: 90, MaxBytes: 256 << 20},
		"usage: {ledger: false}\n":      {Ledger: false, Days: 90, MaxBytes: 256 << 20},
		"usage: {ledger: true}\n":       {Ledger: true, Days: 90, MaxBytes: 256 << 20},
		"usage: {days: 7, max_mb: 1}\n": {Ledger: true, Days: 7, MaxBytes: 1 << 20},
	} {
		if err := os.WriteFile(path, []byte(rest+usage), 0o600); err != nil {
			t.Fatal(err)
		}
		if cfg, err := config.Load(path, environ); err != nil || cfg.Usage != want {
			t.Errorf("%q: %+v, %v", usage, cfg, err)
		}
	}
}

func TestDefaultProfileIsBalancedElseTheFirstByName(t *testing.T) {
	t.Parallel()
	cfg := config.Default(t.TempDir())
	if got := cfg.DefaultProfile(); got != "balanced" {
		t.Errorf("got %q", got)
	}
	delete(cfg.Profiles, "balanced")
	if got := cfg.DefaultProfile(); got != "cost" {
		t.Errorf("got %q", got)
	}
	if got := (&config.Config{}).DefaultProfile(); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestHugeInputsAreRefusedBeforeTheParserDrowns(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "flowgate.yaml")
	for code, texts := range map[string][]string{
		"config-too-large": {strings.Repeat("key: value\n", 30_000), strings.Repeat("---\n", 30_000),
			"{" + strings.Repeat("a,", 1<<18) + "}", strings.Repeat("? x\n", 30_000)},
		"config-invalid": {strings.Repeat("[", 1<<18), strings.Repeat("- ", 1<<17), strings.Repeat("{a: ", 1<<16),
			strings.Repeat("&a ", 1<<17), "a: " + strings.Repeat("*a ", 1<<17)},
	} {
		for _, text := range texts {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := config.Load(path, environ)
			var f *fault.Error
			if !errors.As(err, &f) || f.Code != code {
				t.Errorf("%.10q: got %v, want %s", text, err, code)
			}
		}
	}
}

func TestJSONOnOneLongLineIsRead(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(corpus + "/valid/json-form.yaml")
	if err != nil {
		t.Fatal(err)
	}
	line := strings.ReplaceAll(string(text), "\n", " ")
	line = strings.Replace(line, `"litellm_base": {`,
		`"litellm_base": {`+`"long": [`+strings.Repeat(`{"a": 1}, `, 2000)+`0], `, 1)
	path := filepath.Join(t.TempDir(), "flowgate.yaml")
	if err := os.WriteFile(path, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(path, environ); err != nil {
		t.Error(err)
	}
}
