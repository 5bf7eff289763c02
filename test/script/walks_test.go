package script_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/test/walk"
)

// Doubles of the agents: each sends one request as the real one does and prints the reply. The
// real ones type the same walks in package agents.
const (
	claudeDouble = `#!/bin/sh
[ "$1" = -p ] || exit 9
exec curl -sf "$ANTHROPIC_BASE_URL/v1/messages" -H "authorization: Bearer $ANTHROPIC_AUTH_TOKEN" \
  -H 'content-type: application/json' -H 'anthropic-version: 2023-06-01' \
  -d "{\"model\":\"$ANTHROPIC_MODEL\",\"max_tokens\":100,\"messages\":[{\"role\":\"user\",\"content\":\"$2\"}]}"
`
	codexDouble = `#!/bin/sh
for word; do
  case $word in *base_url=*) base=${word#*base_url=\"}; base=${base%%\"*} ;; esac
  [ "$before" = -m ] && model=$word
  before=$word
done
exec curl -sf "$base/responses" -H "authorization: Bearer $FLOWGATE_KEY" -H 'content-type: application/json' \
  -d "{\"model\":\"$model\",\"input\":\"$word\"}"
`
)

// TestTheWalksOfThePageReachAModel types every walk of docs/first-steps.md, command by command.
func TestTheWalksOfThePageReachAModel(t *testing.T) {
	t.Parallel()
	agents := t.TempDir()
	for name, text := range map[string]string{"claude": claudeDouble, "codex": codexDouble} {
		if err := os.WriteFile(filepath.Join(agents, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	walks, _ := walk.Read(t, root)
	for _, w := range walks {
		t.Run(w.Title, func(t *testing.T) {
			t.Parallel()
			output, took := walk.Type(t, w, binary, agents)
			t.Logf("%d commands in %v", len(w.Commands), took)
			if !walk.HasAnswer(output) {
				t.Errorf("the last command printed %s", output)
			}
		})
	}
}

// TestSmokeSaysHowEachGroupServesEachDialect has a provider that is known to have messages and
// responses, and lacks them: the requests show it.
func TestSmokeSaysHowEachGroupServesEachDialect(t *testing.T) {
	t.Parallel()
	walks, _ := walk.Read(t, root)
	const show = ` -jq '.data.groups[]|select(.group=="router-default" or .group=="router-cheap")|.group,(.dialects[]|[.name,.how])'`
	const planned = `["chat","native"]["responses","native"]["messages","native"]["gemini","translated"]`
	for _, c := range []struct{ options, want string }{
		{"", `"router-default"["chat","native"]["responses","translated"]["messages","translated"]["gemini","translated"]` +
			`"router-cheap"` + planned},
		{" -format=text", "GROUP           CHAT    RESPONSES   MESSAGES    GEMINI\n" +
			"router-default  native  translated  translated  translated\n"},
	} {
		w := walks[0]
		w.Commands = append(slices.Clone(w.Commands[:2]), "flowgate smoke"+c.options)
		if c.options == "" {
			w.Commands[2] += show
		}
		output, _ := walk.Type(t, w, binary, "/none")
		if c.options == "" {
			output = strings.ReplaceAll(output, "\n", "")
		}
		if !strings.Contains(output, c.want) {
			t.Errorf("%q printed %s", c.options, output)
		}
	}
}
