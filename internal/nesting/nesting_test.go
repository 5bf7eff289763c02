package nesting_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/flowgate-go/flowgate/internal/nesting"
)

func TestTooDeepNestingIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		yaml error
		json error
	}{
		"an ordinary text": {"a:\n  b: [1, {c: d}]\n", nil, nil},
		"brackets":         {strings.Repeat("[", 3<<20), nesting.ErrTooMany, nesting.ErrTooDeep},
		"maps":             {strings.Repeat(`{"a":`, 1<<20), nesting.ErrTooMany, nesting.ErrTooDeep},
		"a little too deep": {strings.Repeat("[", 101) + strings.Repeat("]", 101), nesting.ErrTooDeep,
			nesting.ErrTooDeep},
		"as deep as may be":      {strings.Repeat("[", 100) + strings.Repeat("]", 100), nil, nil},
		"brackets in a string":   {`{"a": "` + strings.Repeat("[", 1000) + `\"[[["}`, nil, nil},
		"brackets behind one":    {`["\\", ` + strings.Repeat("[", 1000), nesting.ErrTooDeep, nesting.ErrTooDeep},
		"dashes":                 {strings.Repeat("- ", 1000), nesting.ErrTooDeep, nil},
		"keys":                   {strings.Repeat("a: 1\n", 30_000), nesting.ErrTooMany, nil},
		"a long text of letters": {"a: " + strings.Repeat("x", 4<<20), nil, nil},
	} {
		if err := nesting.CheckYAML([]byte(c.text)); !errors.Is(err, c.yaml) {
			t.Errorf("%s as YAML: %v", name, err)
		}
		if err := nesting.CheckJSON([]byte(c.text)); !errors.Is(err, c.json) {
			t.Errorf("%s as JSON: %v", name, err)
		}
	}
}

func FuzzWhatIsNotRefusedIsParsed(f *testing.F) {
	f.Add("a: [1, {b: c}]\n- - - x")
	f.Add(strings.Repeat("[", 99) + "&a *a ? : | >")
	f.Add("{\"a\\\"[\": [[{}]]}")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 5000 || nesting.CheckYAML([]byte(text)) != nil || nesting.CheckJSON([]byte(text)) != nil {
			return
		}
		defer func() { _ = recover() }() // goccy/go-yaml panics at some texts; a stack overflow could not be recovered from
		var v any
		_ = yaml.Unmarshal([]byte(text), &v)
	})
}

func TestALongListOfDeploymentsIsNotTooMuch(t *testing.T) {
	t.Parallel()
	text := []byte("model_list:\n" + strings.Repeat("- model_name: a\n  litellm_params: {model: openai/a, api_key: "+
		"os.environ/KEY}\n", 10_000))
	if err := nesting.CheckLongYAML(text); err != nil {
		t.Error(err)
	}
	if err := nesting.CheckLongYAML([]byte("a: " + strings.Repeat("[", 101))); !errors.Is(err, nesting.ErrTooDeep) {
		t.Error(err)
	}
}
