package agents_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// model is a double of a model with only one route. It follows the task that a prompt
// names ("task:NAME:TOKEN"), streams every reply, and notes what it was asked for.
type model struct {
	route string // the end of the only path that it has, without Google's method
	token string
	image string // the picture's data that it must be shown, in base64
	mu    sync.Mutex
	asked int
	notes []string // what it saw of what it has to see
	calls []string // ids of the calls that it made
	wrong []string // ids in a history that has a call without its result, or the reverse
	alien []string // requests for other routes
}

// turn is one reply in no dialect.
type turn struct {
	number         int // unique, for ids: Claude Code takes messages of one id for one
	thinking, text string
	calls          []toolCall
	tokens         int // the prompt's, as the usage says
}

// toolCall is a call of the tool that runs commands, unless it has a name.
type toolCall struct{ name, arguments string }

// ServeHTTP answers requests for the route, and 404 for others.
func (m *model) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	m.mu.Lock()
	defer m.mu.Unlock()
	path, method, _ := strings.Cut(r.URL.Path, ":")
	if !strings.HasSuffix(path, m.route) {
		m.alien = append(m.alien, r.Method+" "+r.URL.Path)
		http.NotFound(w, r)
		return
	}
	m.asked++
	reply := m.answer(string(body))
	reply.number = m.asked
	m.checkCalls(string(body), reply)
	if method == "generateContent" {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(geminiReply(reply)) // an error means that the router left
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	switch {
	case m.route == googleRoute:
		data(w, "", geminiReply(reply))
	case strings.HasSuffix(m.route, "/chat/completions"):
		writeChat(w, reply)
	case strings.HasSuffix(m.route, "/messages"):
		writeMessages(w, reply)
	default:
		writeResponses(w, reply)
	}
}

// checkCalls looks at the calls in a history, and remembers those of the reply.
func (m *model) checkCalls(history string, reply turn) {
	for _, id := range m.calls {
		if strings.Count(history, `"`+id+`"`) == 1 {
			m.wrong = append(m.wrong, id)
		}
	}
	for i := range reply.calls {
		m.calls = append(m.calls, callID(reply, i))
	}
}

var taskWords = regexp.MustCompile(`task:([a-z]+):([a-z0-9]+)`)

// Words of the prompts by which Claude Code and Codex ask for a summary.
var compactions = []string{"create a detailed summary of the conversation", "CONTEXT CHECKPOINT COMPACTION"}

// maxAsked ends an agent that does not get on.
const maxAsked = 20

// answer decides by what the request holds which turn comes next.
func (m *model) answer(body string) turn {
	task := taskWords.FindStringSubmatch(body)
	if slices.ContainsFunc(compactions, func(words string) bool { return strings.Contains(body, words) }) {
		m.note("compaction")
		return turn{text: "<summary>task:compact:" + m.token + " was half done</summary>", tokens: 100}
	}
	if task == nil || task[2] != m.token || m.asked > maxAsked {
		return turn{text: "no task"}
	}
	switch task[1] {
	case "text":
		return turn{text: "hello " + m.token}
	case "tool":
		return m.afterCommands(body, m.token)
	case "tools":
		return m.afterCommands(body, m.token+"1", m.token+"2")
	case "thinking":
		if strings.Contains(body, thoughtSignature) {
			m.note("signature")
		}
		reply := m.afterCommands(body, m.token)
		reply.thinking = "I think of " + m.token
		return reply
	case "image":
		return m.lookAtImage(body)
	case "long":
		if len(body) > 400_000 {
			m.note("long")
		}
		return turn{text: "read " + m.token}
	case "compact":
		return m.compact(body)
	}
	return turn{text: "an unknown task"}
}

// note notes what was seen, once.
func (m *model) note(word string) {
	if !slices.Contains(m.notes, word) {
		m.notes = append(m.notes, word)
	}
}

// afterCommands calls a command for each text, at once, which prints the text backwards,
// and answers with what they printed.
func (m *model) afterCommands(body string, texts ...string) turn {
	var reply turn
	said := "done"
	for _, text := range texts {
		if printed := backwards(text); strings.Contains(body, printed) {
			m.note("result " + text)
			said += " " + printed
			continue
		}
		reply.calls = append(reply.calls, command(body, "printf "+text+" | rev"))
	}
	if len(reply.calls) == 0 {
		reply.text = said
	}
	return reply
}

// command is a call of the tool that runs commands, in the words of the agent that asks.
func command(body, line string) toolCall {
	name, argument := "Bash", "command"
	switch {
	case strings.Contains(body, `"exec_command"`):
		name, argument = "exec_command", "cmd"
	case isOfGemini(body):
		name = "run_shell_command"
	}
	arguments, _ := json.Marshal(map[string]string{argument: line}) // strings always marshal
	return toolCall{name, string(arguments)}
}

// isOfGemini reports whether Gemini CLI sent a request: it has tools of its own.
func isOfGemini(body string) bool { return strings.Contains(body, `"run_shell_command"`) }

// lookAtImage has Claude Code or Gemini CLI read the picture's file; Codex attaches it.
func (m *model) lookAtImage(body string) turn {
	if strings.Contains(body, m.image) {
		m.note("image")
		return turn{text: "seen " + m.token}
	}
	path := regexp.MustCompile(`file ([^ "\\]+\.png)`).FindStringSubmatch(body)
	hasResult := func(kind string) bool { return strings.Contains(body, kind) }
	if path == nil || slices.ContainsFunc([]string{`"tool_result"`, `"role":"tool"`, `"function_call_output"`,
		`"functionResponse"`}, hasResult) {
		return turn{text: "no picture came"}
	}
	tool := "Read"
	if isOfGemini(body) {
		tool = "read_file"
	}
	return turn{calls: []toolCall{{tool, `{"file_path":"` + path[1] + `"}`}}}
}

// The tokens after which agents are to summarise, and those that a long conversation has:
// Claude Code begins 13,000 tokens before, and gives up 3,000 before.
const (
	compactAt        = 100_000
	longConversation = 95_000
)

// compact calls commands and says after some that the conversation is long, until a
// summary of it comes.
func (m *model) compact(body string) turn {
	if strings.Contains(body, "was half done") {
		m.note("summary")
		return turn{text: "went on with " + m.token, tokens: 200}
	}
	reply := turn{calls: []toolCall{command(body, fmt.Sprintf("echo step %d", m.asked))}, tokens: 1000 * m.asked}
	if m.asked > 4 { // there is something to summarise
		reply.tokens = longConversation
	}
	return reply
}

func backwards(s string) string {
	runes := []rune(s)
	slices.Reverse(runes)
	return string(runes)
}
