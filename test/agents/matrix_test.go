package agents_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/test/agents"
)

// cell is a column of the matrix: a task, and what the model must have seen of it.
type cell struct {
	name  string
	task  func(t *testing.T, m *model) agents.Task
	notes func(m *model) []string
}

var cells = []cell{
	{"text", plainTask("hello "), noNotes},
	{"tool", ranTask, func(m *model) []string { return []string{"result " + m.token} }},
	{"tools", func(_ *testing.T, m *model) agents.Task {
		return agents.Task{Want: backwards(m.token+"1") + " " + backwards(m.token+"2")}
	}, func(m *model) []string { return []string{"result " + m.token + "1", "result " + m.token + "2"} }},
	{"thinking", func(t *testing.T, m *model) agents.Task {
		task := ranTask(t, m)
		task.Thinking = "I think of " + m.token
		return task
	}, func(m *model) []string {
		if m.route == chatRoute { // chat has no opaque field that this upstream would want back
			return []string{"result " + m.token}
		}
		return []string{"result " + m.token, "signature"}
	}},
	{"image", imageTask, func(*model) []string { return []string{"image"} }},
	{"long", func(_ *testing.T, m *model) agents.Task {
		return agents.Task{Want: "read " + m.token, Input: strings.Repeat("some words of a \"long\" text\n", 15_000)}
	}, func(*model) []string { return []string{"long"} }},
	{"compact", func(_ *testing.T, m *model) agents.Task {
		return agents.Task{Want: "went on with " + m.token, CompactAt: compactAt}
	}, func(*model) []string { return []string{"compaction", "summary"} }},
}

func noNotes(*model) []string { return nil }

func plainTask(before string) func(*testing.T, *model) agents.Task {
	return func(_ *testing.T, m *model) agents.Task { return agents.Task{Want: before + m.token} }
}

func ranTask(_ *testing.T, m *model) agents.Task {
	return agents.Task{Want: "done " + backwards(m.token)}
}

// imageTask makes a picture whose data is not in any other request.
func imageTask(t *testing.T, m *model) agents.Task {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, 8, 8))
	noise := make([]byte, 3*64)
	_, _ = rand.Read(noise) // never fails
	for i := range 64 {
		picture.Set(i%8, i/8, color.RGBA{noise[3*i], noise[3*i+1], noise[3*i+2], 255})
	}
	var file bytes.Buffer
	if err := png.Encode(&file, picture); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "picture.png")
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	m.image = base64.StdEncoding.EncodeToString(file.Bytes())
	return agents.Task{Prompt: " file " + path + " ", Image: path, Want: "seen " + m.token}
}

// The routes of upstreams of one dialect. Only Gemini CLI can use one that has no other than
// Google's.
const (
	chatRoute   = "/v1/chat/completions"
	googleRoute = "/v1beta/models/router-default"
)

// TestRealAgentsDoEveryTaskOverUpstreamsOfOneDialect is the matrix of agents, dialects and
// tasks.
func TestRealAgentsDoEveryTaskOverUpstreamsOfOneDialect(t *testing.T) {
	t.Parallel()
	requireAgents(t)
	for dialect, route := range map[string]string{"chat": chatRoute, "messages": "/v1/messages",
		"responses": "/v1/responses", "gemini": googleRoute} {
		for _, c := range cells {
			t.Run(dialect+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				for _, name := range agents.Names() {
					if !canDo(name, route, c) {
						continue
					}
					t.Run(name, func(t *testing.T) {
						t.Parallel()
						doTask(t, route, name, c)
					})
				}
			})
		}
	}
}

// canDo reports whether an agent can do a task over an upstream with only that route. Gemini
// CLI summarises only what stands before a user's last prompt, and gets one prompt.
func canDo(agent, route string, c cell) bool {
	if agent == "gemini" {
		return c.name != "compact"
	}
	return route != googleRoute
}

func doTask(t *testing.T, route, agent string, c cell) {
	m := &model{route: route, token: strings.ToLower(rand.Text())}
	task := c.task(t, m)
	task.Prompt = "task:" + c.name + ":" + m.token + task.Prompt
	results, err := agents.Run(t.Context(), agents.Options{RouterURL: routerBefore(t, m), Key: routerKey, Only: agent,
		Tool: true, Task: &task, Scratch: t.TempDir(), Progress: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		t.Logf("%s: %.0f ms", r.Package, r.DurationMS)
		if !r.OK {
			t.Errorf("%s failed: %s\n%s", r.Agent, r.Error, r.Output)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.wrong) > 0 {
		t.Errorf("the history had calls without results, or the reverse: %q", m.wrong)
	}
	for _, note := range c.notes(m) {
		if !slices.Contains(m.notes, note) {
			t.Errorf("the model never saw %q, but %q in %d requests", note, m.notes, m.asked)
		}
	}
}
