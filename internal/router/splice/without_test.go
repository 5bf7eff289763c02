package splice_test

import (
	"encoding/json"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/splice"
)

func TestMembersAreDroppedWithTheirCommas(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]string{
		`{"a":1}`: `{}`, `{"a":1,"b":2}`: `{"b":2}`, `{"b":2,"a":1}`: `{"b":2}`, ` {"b":1, "a":{"a":[1]} , "c":3} `: ` {"b":1 , "c":3} `,
		`{ "a":1 , "a":2 , "c":"a"}`: `{"c":"a"}`, `{}`: `{}`, `[1]`: `[1]`, `{"a"`: `{"a"`, `{"b":{"a":1}}`: `{"b":{"a":1}}`,
	} {
		if got := string(splice.Without([]byte(doc), func(key []byte) bool { return string(key) == "a" })); got != want {
			t.Errorf("%s: %s", doc, got)
		}
	}
}

func FuzzWithoutKeepsEverythingElse(f *testing.F) {
	f.Add(`{"a":1,"b":[{"a":2}],"c":"x"}`)
	f.Add(` { "b" : 1 , "a" : 2 } `)
	f.Fuzz(func(t *testing.T, doc string) {
		var before, after map[string]json.RawMessage
		if json.Unmarshal([]byte(doc), &before) != nil || before == nil {
			return
		}
		got := splice.Without([]byte(doc), func(key []byte) bool { return string(key) == "a" })
		if err := json.Unmarshal(got, &after); err != nil {
			t.Fatalf("%s of %s: %v", got, doc, err)
		}
		delete(before, "a")
		if len(before) != len(after) {
			t.Fatalf("%s of %s", got, doc)
		}
		for key, value := range before {
			if string(after[key]) != string(value) {
				t.Fatalf("%s: %s of %s", key, got, doc)
			}
		}
	})
}
