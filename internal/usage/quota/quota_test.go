package quota_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/usage/quota"
)

// now is when the replies of testdata came.
var now = time.Date(2026, 9, 14, 10, 0, 0, 0, time.UTC)

// readHeader reads a file of header lines, as they stand in a reply.
func readHeader(t testing.TB, name string) http.Header {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return parseHeader(string(text))
}

func parseHeader(text string) http.Header {
	h := http.Header{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), ":"); ok {
			h.Add(name, strings.TrimSpace(value))
		}
	}
	return h
}

// describe returns a window in one line.
func describe(w quota.Window) string {
	text := fmt.Sprintf("%s %q %s", w.Provider, w.Name, w.Length())
	if w.UsedShare != nil {
		text += fmt.Sprintf(" used=%.4g", *w.UsedShare)
	}
	if w.ResetsAt != nil {
		text += " resets=" + w.ResetsAt.Format("01-02T15:04:05")
	}
	if w.Status != "" {
		text += " " + w.Status
	}
	if w.Decides {
		text += " decides"
	}
	if w.Limit != nil {
		text += fmt.Sprintf(" limit=%d", *w.Limit)
	}
	if w.Remaining != nil {
		text += fmt.Sprintf(" remaining=%d", *w.Remaining)
	}
	if w.IsUsedUp() {
		text += " used-up"
	}
	return text
}

func TestWindowsOfWholeReplies(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.header")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(strings.TrimSuffix(file, ".header") + ".windows")
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, w := range quota.Parse(readHeader(t, file), now) {
				got.WriteString(describe(w) + "\n")
			}
			if got.String() != string(text) {
				t.Errorf("got\n%swant\n%s", got.String(), text)
			}
		})
	}
}

func TestValuesThatAreNotWhatTheyShouldBeCountAsNotSaid(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"", " ", "-1", "NaN", "Inf", "+Inf", "1e400", "0x1p-2x", "half", "1,5", "1e9", "５"} {
		h := parseHeader("Anthropic-Ratelimit-Unified-5h-Status: allowed\nAnthropic-Ratelimit-Unified-5h-Utilization: " + value +
			"\nAnthropic-Ratelimit-Unified-5h-Reset: " + value)
		w := quota.Parse(h, now)
		if len(w) != 1 || w[0].UsedShare != nil || w[0].ResetsAt != nil || w[0].Status != "allowed" {
			t.Errorf("%q: %+v", value, w)
		}
	}
	for _, status := range []string{"<script>", "allowed\x00", strings.Repeat("a", 49), "выключено"} {
		h := parseHeader("Anthropic-Ratelimit-Unified-5h-Utilization: 0.5")
		h.Set("Anthropic-Ratelimit-Unified-5h-Status", status)
		if w := quota.Parse(h, now); len(w) != 1 || w[0].Status != "" {
			t.Errorf("%q: %+v", status, w)
		}
	}
}

func TestAReplyNamesAtMostSixteenWindows(t *testing.T) {
	t.Parallel()
	h := http.Header{}
	for i := range 1000 {
		h.Set(fmt.Sprintf("Anthropic-Ratelimit-Unified-%dh-Status", i), "allowed")
	}
	if n := len(quota.Parse(h, now)); n != 16 {
		t.Errorf("%d windows", n)
	}
}

func TestARepliesOrderOfHeadersDoesNotMatter(t *testing.T) {
	t.Parallel()
	h := readHeader(t, "testdata/claude-warning.header")
	want := quota.Parse(h, now)
	for range 50 {
		if got := quota.Parse(h, now); !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v, then %+v", want, got)
		}
	}
}

func TestBoundsOfWindows(t *testing.T) {
	t.Parallel()
	codex := "X-Codex-Primary-Used-Percent: 1\nX-Codex-Primary-Window-Minutes: 300\nX-Codex-Primary-"
	for header, want := range map[string]string{
		codex + "Reset-After-Seconds: 0":                                                                           `codex "5h" 5h0m0s used=0.01`,
		codex + "Reset-After-Seconds: 1":                                                                           `codex "5h" 5h0m0s used=0.01 resets=09-14T10:00:01`,
		codex + "Reset-After-Seconds: 31622400":                                                                    `codex "5h" 5h0m0s used=0.01 resets=09-15T10:00:00`,
		codex + "Reset-After-Seconds: 31622401":                                                                    `codex "5h" 5h0m0s used=0.01`,
		codex + "Reset-After-Seconds: 9e18":                                                                        `codex "5h" 5h0m0s used=0.01`,
		codex + "Reset-At: 1789383600\nX-Codex-Primary-Reset-After-Seconds: 60":                                    `codex "5h" 5h0m0s used=0.01 resets=09-14T11:00:00`,
		"X-Codex-Primary-Used-Percent: 0":                                                                          "",
		"X-Codex-Primary-Used-Percent: 0\nX-Codex-Primary-Reset-After-Seconds: 60":                                 `codex "primary" 0s used=0 resets=09-14T10:01:00`,
		"X-Codex-Primary-Used-Percent: 1\nX-Codex-Primary-Window-Minutes: 0.5":                                     `codex "primary" 0s used=0.01`,
		"X-Codex-Primary-Used-Percent: 1\nX-Codex-Primary-Window-Minutes: 527040":                                  `codex "366d" 8784h0m0s used=0.01`,
		"X-Codex-Primary-Used-Percent: 1\nX-Codex-Primary-Window-Minutes: 527041":                                  `codex "primary" 0s used=0.01`,
		"X-Codex-Tertiary-Used-Percent: 1\nX-Codex-Tertiary-Window-Minutes: 300":                                   "",
		"X-Codex-Primary-Used-Percent: 1":                                                                          `codex "primary" 0s used=0.01`,
		codex + "Window-Minutes: 527040":                                                                           `codex "5h" 5h0m0s used=0.01`, // the first of two
		"Anthropic-Ratelimit-Unified-Unified-Status: rejected":                                                     "",
		"Anthropic-Ratelimit-Unified-Unified-Utilization: 0.5":                                                     "",
		"Anthropic-Ratelimit-Unified-400d-Utilization: 0.5":                                                        `claude "400d" 0s used=0.5`,
		"Anthropic-Ratelimit-Unified-366d-Utilization: 0.5":                                                        `claude "366d" 8784h0m0s used=0.5`,
		"Anthropic-Ratelimit-Unified-367d-Utilization: 0.5":                                                        `claude "367d" 0s used=0.5`,
		"Anthropic-Ratelimit-Unified-5h-Utilization: 1000":                                                         `claude "5h" 5h0m0s used=1000 used-up`,
		"Anthropic-Ratelimit-Unified-5h-Utilization: 1000.1":                                                       "",
		"X-Ratelimit-Remaining-Requests: 3\nX-Ratelimit-Limit-Requests: 0":                                         ` "requests" 0s limit=0 remaining=3`,
		"X-Ratelimit-Remaining-Requests: 3\nX-Ratelimit-Limit-Requests: 2":                                         ` "requests" 0s used=0 limit=2 remaining=3`,
		"X-Ratelimit-Limit-Requests: 2":                                                                            "",
		"X-Ratelimit-Remaining-Requests: 3\nX-Ratelimit-Reset-Requests: 31622400":                                  ` "requests" 0s resets=09-15T10:00:00 remaining=3`,
		"X-Ratelimit-Remaining-Requests: 3\nX-Ratelimit-Reset-Requests: 31622401":                                  ` "requests" 0s remaining=3`,
		"X-Ratelimit-Remaining-Requests: 3\nX-Ratelimit-Reset-Requests: 1789430400":                                ` "requests" 0s resets=09-15T00:00:00 remaining=3`,
		"X-Ratelimit-Remaining-Requests: 3\nX-Ratelimit-Reset-Requests: -1s":                                       ` "requests" 0s remaining=3`,
		"Anthropic-Ratelimit-Tokens-Remaining: 1\nAnthropic-Ratelimit-Tokens-Limit: 4\nX-Ratelimit-Remaining-A: x": `anthropic "tokens" 0s used=0.75 limit=4 remaining=1`,
	} {
		var all []string
		for _, w := range quota.Parse(parseHeader(header), now) {
			all = append(all, describe(w))
		}
		if got := strings.Join(all, "\n"); got != want {
			t.Errorf("%s: %s, want %s", header, got, want)
		}
	}
}

func TestTheAccountIsTheAuthIndexOfCLIProxyAPI(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"20260916005844-a42ae2a9f932510a-0ab661bf":              "a42ae2a9f932510a",
		"20260916005844-3-01980f00-dead-7000-8000-000000000000": "3",
		"": "", "20260916005844": "", "20260916005844-": "", "20260916005844-a42ae2a9f932510a": "",
		"2026-a42ae2a9f932510a-0ab661bf": "", "2026091600584x-a42ae2a9f932510a-0ab661bf": "", "20260916005844--x": "",
		"20260916005844-<b>-x": "", "20260916005844-" + strings.Repeat("a", 49) + "-x": "",
	} {
		if got := quota.Account(http.Header{"X-Cpa-Trace-Id": {value}}); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}

func TestAWindowAsJSON(t *testing.T) {
	t.Parallel()
	w := quota.Parse(parseHeader("X-Codex-Primary-Used-Percent: 4\nX-Codex-Primary-Window-Minutes: 10080"), now)
	text, err := json.Marshal(w)
	const want = `[{"provider":"codex","name":"7d","length_s":604800,"used_share":0.04,"resets_at":null,"status":""}]`
	if err != nil || string(text) != want {
		t.Errorf("%s %v", text, err)
	}
}

func BenchmarkParse(b *testing.B) {
	for _, name := range []string{"none", "claude-warning", "codex-weekly-first"} {
		h := http.Header{"Content-Type": {"application/json"}, "Date": {"x"}, "Server": {"cloudflare"}, "Cf-Ray": {"x"},
			"X-Request-Id": {"req_1"}, "Openai-Version": {"x"}, "X-Envoy-Upstream-Service-Time": {"1"}}
		if name != "none" {
			h = readHeader(b, "testdata/"+name+".header")
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = quota.Parse(h, now)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.header")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("X-Codex--Primary-Used-Percent: 1\nX-Codex-Primary-Used-Percent: 1\nX-Codex-Used-Percent: 1")
	f.Add("Anthropic-Ratelimit-Unified--Status: a\nAnthropic-Ratelimit--Remaining: 1\nX-Ratelimit-Remaining-: 1")
	f.Fuzz(func(t *testing.T, text string) {
		all := quota.Parse(parseHeader(text), now)
		if !slices.IsSortedFunc(all, func(a, b quota.Window) int { return strings.Compare(a.Provider, b.Provider) }) {
			t.Errorf("not sorted: %+v", all)
		}
		for _, w := range all {
			if w.Name == "" || strings.ContainsAny(w.Name+w.Status, "<>&\"'\x00\n") || len(w.Name) > 100 || len(w.Status) > 48 {
				t.Errorf("name %q, status %q", w.Name, w.Status)
			}
			if w.UsedShare != nil && !(*w.UsedShare >= 0 && *w.UsedShare <= 1000) {
				t.Errorf("share %v", *w.UsedShare)
			}
			if w.ResetsAt != nil && w.ResetsAt.Sub(now).Abs() > 367*24*time.Hour || w.LengthS < 0 {
				t.Errorf("%+v", w)
			}
			var n quota.Newest
			n.Keep("d", "", all, now)
			n.Keep("d", "", all, now.Add(time.Hour))
			if _, err := json.Marshal(n.List(now)); err != nil {
				t.Error(err)
			}
		}
	})
}
