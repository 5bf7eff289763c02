package translate_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3/responses"
)

// responseEvent is what every event of the Responses API is checked for.
type responseEvent struct {
	Type           string          `json:"type"`
	SequenceNumber int             `json:"sequence_number"`
	OutputIndex    int             `json:"output_index"`
	ItemID         string          `json:"item_id"`
	Delta          string          `json:"delta"`
	Text           *string         `json:"text"`
	Arguments      *string         `json:"arguments"`
	Input          *string         `json:"input"`
	Refusal        *string         `json:"refusal"`
	Item           json.RawMessage `json:"item"`
	Response       json.RawMessage `json:"response"`
}

// accumulateResponses checks the order of the events, and that the final
// response says what the pieces do. It returns that response.
func accumulateResponses(t *testing.T, events []string) []byte {
	t.Helper()
	var final json.RawMessage
	texts := map[string]string{} // of the open item, by its id
	var items []json.RawMessage
	open := ""
	for i, data := range events {
		var e responseEvent
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			t.Fatalf("%v: %s", err, data)
		}
		var typed responses.ResponseStreamEventUnion
		if err := json.Unmarshal([]byte(data), &typed); err != nil || typed.AsAny() == nil {
			t.Fatalf("the library does not know %s: %v", data, err)
		}
		if e.SequenceNumber != i {
			t.Fatalf("event %d has the number %d", i, e.SequenceNumber)
		}
		whole := firstOf(e.Text, e.Arguments, e.Input, e.Refusal)
		switch {
		case e.Type == "response.output_item.added":
			if open != "" || e.OutputIndex != len(items) {
				t.Fatalf("item %d opens while %q is open: %s", len(items), open, data)
			}
			open = idOf(t, e.Item)
		case e.Type == "response.output_item.done":
			if idOf(t, e.Item) != open || e.OutputIndex != len(items) {
				t.Fatalf("%s closes while %q is open", data, open)
			}
			items, open = append(items, e.Item), ""
		case e.ItemID != "" && (e.ItemID != open || e.OutputIndex != len(items)):
			t.Fatalf("%s while %q is open", data, open)
		case strings.HasSuffix(e.Type, ".delta"):
			texts[e.ItemID] += e.Delta
		case whole != nil && strings.HasSuffix(e.Type, ".done") && *whole != texts[e.ItemID]:
			t.Fatalf("%s after %q", data, texts[e.ItemID])
		case e.Type == "response.completed" || e.Type == "response.incomplete":
			final = e.Response
		}
	}
	var response struct {
		Status string
		Output []json.RawMessage
	}
	if err := json.Unmarshal(final, &response); err != nil {
		t.Fatalf("%v: %s", err, final)
	}
	if !strings.HasSuffix(events[len(events)-1], "}") ||
		!strings.Contains(events[len(events)-1], `"response.`+response.Status+`"`) {
		t.Errorf("the status is %s in %s", response.Status, events[len(events)-1])
	}
	if len(items) != len(response.Output) || len(items) > 0 && !reflect.DeepEqual(items, response.Output) {
		t.Errorf("the items are\n%s\nand the output is\n%s", items, response.Output)
	}
	return final
}

func firstOf(texts ...*string) *string {
	for _, text := range texts {
		if text != nil {
			return text
		}
	}
	return nil
}

func idOf(t *testing.T, item json.RawMessage) string {
	t.Helper()
	var v struct{ ID string }
	if err := json.Unmarshal(item, &v); err != nil || v.ID == "" {
		t.Fatalf("%v: %s", err, item)
	}
	return v.ID
}
