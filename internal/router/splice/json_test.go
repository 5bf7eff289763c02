package splice_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/splice"
)

type member struct{ key, value string }

func members(doc string) ([]member, error) {
	var out []member
	err := splice.Members([]byte(doc), func(key []byte, start, end int) bool {
		out = append(out, member{string(key), doc[start:end]})
		return true
	})
	return out, err
}

func TestMembersFindsTopLevelValuesOnly(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string][]member{
		`{}`:           nil,
		" {\n\t} \r\n": nil,
		`{"model":"m","x":{"model":"inner"},"a":[{"model":1}],"stream": true }`: {
			{"model", `"m"`}, {"x", `{"model":"inner"}`}, {"a", `[{"model":1}]`}, {"stream", "true"}},
		`{"a":"}\"]","b":"\\","c":"\\\""}`: {{"a", `"}\"]"`}, {"b", `"\\"`}, {"c", `"\\\""`}},
		`{"mod\u0065l":"m"}`:               {{"model", `"m"`}},
		`{"n":-1.5e+3,"z":null}`:           {{"n", "-1.5e+3"}, {"z", "null"}},
		`{"model":"a","model":"b"}`:        {{"model", `"a"`}, {"model", `"b"`}},
		`{"":0}`:                           {{"", "0"}},
	} {
		got, err := members(doc)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("Members(%s) = %v, %v; want %v", doc, got, err, want)
		}
	}
}

func TestMembersSaysWhereADocumentBreaks(t *testing.T) {
	t.Parallel()
	for doc, offset := range map[string]int{
		``: 0, `  `: 2, `[1]`: 0, `"x"`: 0, `{not json`: 1, `{"a"`: 4, `{"a":`: 5, `{"a":}`: 5,
		`{"a":1`: 6, `{"a":1,}`: 7, `{"a":1}x`: 7, `{"a":[1`: 5, `{"a":"b`: 5, `{"a":tru}`: 5,
		`{"a":1 "b":2}`: 7, `{"id":"c1","choices":[{`: 21, `{"a":01}`: 5, `{"a":"x\"}`: 5, `{"a\x":1}`: 1,
	} {
		_, err := members(doc)
		var at *splice.SyntaxError
		if !errors.As(err, &at) || at.Offset != offset {
			t.Errorf("Members(%s): %v; want a syntax error at %d", doc, err, offset)
		}
	}
}

func TestMembersStopsWhenToldTo(t *testing.T) {
	t.Parallel()
	n := 0
	err := splice.Members([]byte(`{"a":1,"b":2 broken`), func([]byte, int, int) bool { n++; return false })
	if n != 1 || err != nil {
		t.Fatalf("visited %d members, error %v; want 1 and none", n, err)
	}
}

// FuzzMembers holds the scanner against encoding/json: on every document that
// encoding/json accepts as an object, both find the same members.
func FuzzMembers(f *testing.F) {
	for _, s := range []string{`{}`, `{"model":"m","messages":[{"role":"user","content":"a\"b\\"}]}`,
		`{"a":[1,{"b":"]"}],"a":null}`,
		`{"\u006dodel":1e9}`, `[`, `{"a":"\\\\\""}`, ` {"a" : -0 } `, `{not json`, "{\"a\":\"\n\"}", `{"a":[}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		got := map[string]string{}
		last := -1
		err := splice.Members(doc, func(key []byte, start, end int) bool {
			if start <= last || end <= start || end > len(doc) {
				t.Fatalf("member [%d:%d) after %d in %d bytes", start, end, last, len(doc))
			}
			last = start
			got[string(key)] = string(doc[start:end])
			return true
		})
		var want map[string]json.RawMessage
		if json.Unmarshal(doc, &want) != nil || want == nil {
			return // the scanner may accept what encoding/json does not: values are not its business
		}
		if err != nil {
			t.Fatalf("refused a valid object: %v", err)
		}
		for k, v := range want {
			if strings.ToValidUTF8(k, "") != k || strings.Contains(k, "\ufffd") {
				return // encoding/json replaces invalid UTF-8 in keys; the scanner keeps the bytes
			}
			if g := got[k]; !bytes.Equal(bytes.TrimSpace([]byte(g)), bytes.TrimSpace(v)) {
				t.Fatalf("%q: %s, want %s", k, g, v)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%d members, want %d", len(got), len(want))
		}
	})
}

func BenchmarkMembers256kB(b *testing.B) {
	text, _ := json.Marshal(strings.Repeat("\tif err := s.do(\"x\"); err != nil {\n", 7000))
	doc := []byte(`{"model":"m","messages":[{"role":"user","content":` + string(text) + `}],"stream":true}`)
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		if err := splice.Members(doc, func([]byte, int, int) bool { return true }); err != nil {
			b.Fatal(err)
		}
	}
}
