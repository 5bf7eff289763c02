package estimate_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

// counts asks for the tokens of a prompt and returns the count and its source.
func counts(t *testing.T, s *routertest.Stack, model, messages string) (n int, source string) {
	t.Helper()
	got := s.Send("POST", "/v1/messages/count_tokens", `{"model":"`+model+`","messages":`+messages+`}`, nil)
	var reply struct {
		Tokens int    `json:"input_tokens"`
		Source string `json:"litellm_count_source"`
	}
	if err := json.Unmarshal([]byte(got.Body), &reply); err != nil || got.Status != 200 {
		t.Fatalf("%d %s: %v", got.Status, got.Body, err)
	}
	return reply.Tokens, reply.Source
}

func TestImagesAndDocumentsAreEstimatedByTheirNumber(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Groups("", "m: nopath"), router.Options{})
	data := base64.StdEncoding.EncodeToString(make([]byte, 1<<20))
	const text = `{"type":"text","text":"what is this?"}`
	image := `{"type":"image","source":{"type":"base64","media_type":"image/png","data":"` + data + `"}}`
	for name, c := range map[string]struct {
		content     string
		attachments int
	}{
		"text":                        {text, 0},
		"an image":                    {text + "," + image, 1},
		"data before its type":        {`{"source":{"data":"` + data + `","type":"base64"},"type":"image"}`, 1},
		"three images":                {image + "," + image + "," + image, 3},
		"a PDF":                       {`{"type":"document","title":"t","source":{"type":"base64","media_type":"application/pdf","data":"` + data + `"}}`, 1},
		"an image in a tool's result": {`{"type":"tool_result","tool_use_id":"t","content":[` + text + `,` + image + `]}`, 1},
		"a data: address":             {`{"type":"image_url","image_url":{"url":"data:image/jpeg;base64,` + data + `"}}`, 1},
		"an address":                  {`{"type":"image","source":{"type":"url","url":"https://example.com/a.png"}}`, 1},
		"a file":                      {`{"type":"document","source":{"type":"file","file_id":"f"}}`, 1},
		"a text document": {`{"type":"document","source":{"type":"text","media_type":"text/plain","data":"` +
			strings.Repeat("word ", 1780) + `"}}`, 1},
		"text that is base64": {`{"type":"text","text":"` + data[:3600] + `"}`, 1},
	} {
		n, source := counts(t, s, "m", `[{"role":"user","content":[`+c.content+`]}]`)
		if want := 1600 * c.attachments; n < want || n > want+100 || source != "local_estimate" {
			t.Errorf("%s: %d tokens by %s, want about %d", name, n, source, want)
		}
	}
}

func TestTheEstimateIsTheSameHoweverTextIsEscaped(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Groups("", "m: nopath"), router.Options{})
	for _, text := range []string{strings.Repeat("héllo wörld ", 100), strings.Repeat("日本語", 100),
		strings.Repeat("🙂", 100), strings.Repeat("a\"b\\c/d\n\t", 100), strings.Repeat("GOROUTINESwait internationally\n", 50)} {
		plain, _ := json.Marshal(text)
		var escaped strings.Builder
		for _, r := range text {
			if r > 0xffff {
				r -= 0x10000
				escaped.WriteString(hex4(0xd800+r>>10) + hex4(0xdc00+r&0x3ff))
				continue
			}
			escaped.WriteString(hex4(r))
		}
		a, _ := counts(t, s, "m", `[{"role":"user","content":`+string(plain)+`}]`)
		b, _ := counts(t, s, "m", `[{"role":"user","content":"`+escaped.String()+`"}]`)
		if most := len(text); a != b || a < most/12 || a > most {
			t.Errorf("%.20q: %d plain, %d escaped", text, a, b)
		}
	}
}

func hex4(r rune) string {
	h := strconv.FormatInt(int64(r), 16)
	return `\u` + strings.Repeat("0", 4-len(h)) + h
}

func TestAnUpstreamMayTakeAFewSecondsToCountTokens(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Groups("", "m: sleep20000"), router.Options{})
	begun := time.Now()
	_, source := counts(t, s, "m", `["hello"]`)
	if took := time.Since(begun); source != "local_estimate" || took < 3*time.Second {
		t.Errorf("counted by %s after %v", source, took)
	}
}

func TestOnlyACountIsTakenForOne(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{}`:                             "local_estimate",
		` { } `:                          "local_estimate",
		`{"input_tokens":null}`:          "local_estimate",
		`{"input_tokens":"7"}`:           "local_estimate",
		`{"error":{"message":"no"}}`:     "local_estimate",
		`[7]`:                            "local_estimate",
		"data: {\"input_tokens\":7}\n\n": "local_estimate",
		`{"input_tokens":7}`:             "provider",
		"{ \"input_tokens\" : 7 \n}\n":   "provider",
		`{"input_tokens":7,"litellm_count_source":"provider"}`: "provider",
	} {
		s, _ := routertest.StartScripted(t, router.Options{}, routertest.OneTry,
			func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
		if n, source := counts(t, s, "alone", `["hello"]`); source != want || source == "provider" && n != 7 ||
			source != "provider" && n != 1 {
			t.Errorf("%q: %d by %s", body, n, source)
		}
	}
}
