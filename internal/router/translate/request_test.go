package translate_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/translate"
)

// options make replies the same every time.
var options = translate.Options{Model: "alias", ID: "1", Created: time.Unix(1700000000, 0)}

// requestCase is a request, what the upstream gets, and what it does not get.
type requestCase struct {
	name    string
	options func(*translate.Options)
	body    string
	want    string
	dropped []string
}

func checkRequests(t *testing.T, from, to translate.Dialect, cases []requestCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			opts := options
			if c.options != nil {
				c.options(&opts)
			}
			got, call, err := translate.Request(from, to, []byte(c.body), opts)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := canonical(t, got), canonical(t, []byte(c.want)); got != want {
				t.Errorf("the upstream gets\n%s\nwant\n%s", got, want)
			}
			if !slices.Equal(call.Dropped(), c.dropped) {
				t.Errorf("dropped %q, want %q", call.Dropped(), c.dropped)
			}
		})
	}
}

// refusedCase is a request that cannot be translated.
type refusedCase struct {
	name    string
	options func(*translate.Options)
	body    string
	member  string
}

func checkRefused(t *testing.T, from, to translate.Dialect, cases []refusedCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			opts := options
			if c.options != nil {
				c.options(&opts)
			}
			got, _, err := translate.Request(from, to, []byte(c.body), opts)
			var refused *translate.RequestError
			if !errors.As(err, &refused) || refused.Member != c.member {
				t.Fatalf("error %v, want one that names %s; the body is %s", err, c.member, got)
			}
		})
	}
}

// canonical is a document with its keys in order and without spaces.
func canonical(t *testing.T, doc []byte) string {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, doc)
	}
	out, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func mustRequest(t testing.TB, from, to translate.Dialect, body string, opts translate.Options) ([]byte,
	*translate.Call) {
	t.Helper()
	out, call, err := translate.Request(from, to, []byte(body), opts)
	if err != nil {
		t.Fatal(err)
	}
	return out, call
}

func TestAMemberThatNoDialectKnowsIsNamed(t *testing.T) {
	t.Parallel()
	for _, from := range clients {
		for _, to := range upstreams {
			if from == to {
				continue
			}
			body := strings.Replace(smallRequest[from], "{", `{"zz_unknown":{"a":[1]},`, 1)
			_, call := mustRequest(t, from, to, body, options)
			if !slices.Contains(call.Dropped(), "zz_unknown") {
				t.Errorf("%v→%v: dropped %q", from, to, call.Dropped())
			}
		}
	}
}

func TestWhatIsDroppedFitsIntoAHeader(t *testing.T) {
	t.Parallel()
	var body strings.Builder
	body.WriteString(`{"model":"m","messages":[],"max_tokens":1,"` + strings.Repeat("x", 5000) + `":1,"a\nb, c\u00e9":1`)
	for i := range 200 {
		body.WriteString(`,"k` + strings.Repeat("y", i) + `":1`)
	}
	body.WriteString("}")
	_, call := mustRequest(t, translate.Messages, translate.Chat, body.String(), options)
	header := strings.Join(call.Dropped(), ",")
	if len(header) > 4000 || strings.ContainsAny(header, "\r\n \"é") || !strings.HasSuffix(header, "...") {
		t.Errorf("%d bytes: %q", len(header), header)
	}
}

var dialects = []translate.Dialect{translate.Chat, translate.Messages, translate.Responses}

// upstreams are the dialects that upstreams have.
var upstreams = append(slices.Clone(dialects), translate.Converse)

// clients are the dialects that clients have.
var clients = append(slices.Clone(dialects), translate.Gemini)

var smallRequest = map[translate.Dialect]string{
	translate.Chat:      `{"model":"m","messages":[{"role":"user","content":"hi"}]}`,
	translate.Messages:  `{"model":"m","max_tokens":16,"messages":[{"role":"user","content":"hi"}]}`,
	translate.Responses: `{"model":"m","input":"hi"}`,
	translate.Gemini:    `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`,
}
