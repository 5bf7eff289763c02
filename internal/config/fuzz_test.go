package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"/valid/*.yaml", "/broken/*.yaml"} {
		files, err := filepath.Glob(corpus + pattern)
		if err != nil || len(files) == 0 {
			f.Fatal(pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	for _, text := range []string{"&a a: *a\n? b\n: c", "a: &b {<<: *b}", "!!str &x 1: 2", "a: |+\n\n\n", "{? a: b}",
		"a:\n- &", "? - ? - a", "<<: [[1]]", "\"\\u12\": 1", "%TAG ! x\n---\na: 1"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "f.yaml")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := config.Load(path, environ)
		var e *fault.Error
		switch {
		case err == nil && cfg == nil:
			t.Fatal("neither a configuration nor an error")
		case err != nil && (!errors.As(err, &e) || e.Code == "" || e.Message == "" || e.Exit != fault.ExitUsage):
			t.Fatalf("no proper fault: %#v", err)
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := config.Load(corpus+"/valid/v2-example.yaml", environ); err != nil {
			b.Fatal(err)
		}
	}
}
