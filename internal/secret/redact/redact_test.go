package redact_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

func TestValueShowsAtMostTheLastFourCharacters(t *testing.T) {
	t.Parallel()
	for secret, want := range map[string]string{
		"": "…", "short": "…", "1234567": "…", "12345678": "…5678",
		"sk-0123456789abcdef": "sk-…cdef", "sk-12345": "sk-…", "pässwörter": "…rter",
	} {
		if got := redact.Value(secret); got != want {
			t.Errorf("%q: got %q, want %q", secret, got, want)
		}
	}
}

func TestKeysHidesByNameAndByLookAndLeavesReferences(t *testing.T) {
	t.Parallel()
	in := map[string]any{
		"api_key": "plain-secret-1", "X-Api-Key": "plain-secret-2", "master_key": 12345678, "token": "plain-secret-3",
		"secrets": map[string]any{"a": "plain-secret-4", "b": []any{"plain-secret-5"}},
		"note":    "sk-ant-0123456789abcdef", "header": "Bearer plain-secret-6", "url": "http://me:plain-secret-7@host/p",
		"max_tokens": 4096, "api_key_ref": "upstream", "token_url": "https://a/b", "secret_files": []any{"a.json"},
		"ref": "os.environ/KEY", "password": "${PASSWORD}", "model": "openai/sk-like", "client_secret": nil, "empty_key": "",
	}
	want := map[string]any{
		"api_key": "…et-1", "X-Api-Key": "…et-2", "master_key": "…5678", "token": "…et-3",
		"secrets": map[string]any{"a": "…et-4", "b": []any{"…et-5"}},
		"note":    "sk-…cdef", "header": "Bearer …et-6", "url": "http://me:…@host/p",
		"max_tokens": 4096, "api_key_ref": "upstream", "token_url": "https://a/b", "secret_files": []any{"a.json"},
		"ref": "os.environ/KEY", "password": "${PASSWORD}", "model": "openai/sk-like", "client_secret": nil, "empty_key": "",
	}
	before := fmt.Sprint(in)
	if got := redact.Keys(in); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if fmt.Sprint(in) != before {
		t.Error("the input was changed")
	}
}

func TestArgsHidesTheValueOfAKeyFlag(t *testing.T) {
	t.Parallel()
	in := []string{"serve", "--api-key=plain-secret", "-password", "plain-secret", "--port", "4000", "sk-0123456789abcdef"}
	want := []string{"serve", "--api-key=…cret", "-password", "…cret", "--port", "4000", "sk-…cdef"}
	if got := redact.Args(in); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestIsReferenceKnowsTheThreeSpellings(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{
		"os.environ/KEY_1": true, "$KEY": true, "${KEY}": true,
		"os.environ/": false, "os.environ/a b": false, "$": false, "${}": false, "${A": false, "$1": false, "KEY": false,
		"pa$$word": false,
	} {
		if got := redact.IsReference(value); got != want {
			t.Errorf("%q: %v", value, got)
		}
	}
}

func TestScrubReplacesEverySecretEvenOneInsideAnother(t *testing.T) {
	t.Parallel()
	s := redact.NewScrubber("abcdefgh", "abcdefghijkl", "tiny", "abcdefgh")
	got := string(s.Scrub([]byte("x abcdefghijkl y abcdefgh z tiny")))
	if got != "x …ijkl y …efgh z tiny" {
		t.Errorf("got %q", got)
	}
	clean := []byte("nothing here")
	if out := s.Scrub(clean); &out[0] != &clean[0] {
		t.Error("clean text was copied")
	}
	if out := redact.NewScrubber().Scrub(clean); string(out) != "nothing here" {
		t.Errorf("got %q", out)
	}
}

func BenchmarkScrub(b *testing.B) {
	s := redact.NewScrubber("sk-0123456789abcdef", "sk-fedcba9876543210", "another-secret-key")
	line := []byte(strings.Repeat("an ordinary line of a log ", 40))
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		s.Scrub(line)
	}
}

func BenchmarkWords(b *testing.B) {
	line := strings.Repeat("an ordinary line of a log, of 12 words, request-id=4f2a ", 20)
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		redact.Words(line)
	}
}
