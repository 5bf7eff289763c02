package client_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

func completion(t *testing.T, tg target) {
	client := tg.openAI()
	got, err := client.Completions.New(t.Context(), openai.CompletionNewParams{
		Model: "router-default", Prompt: openai.CompletionNewParamsPromptUnion{OfString: openai.String("once")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Choices[0].Text != "echo: once" || got.Model != "router-default" {
		t.Errorf("%q from %q", got.Choices[0].Text, got.Model)
	}
}

// requestEmbeddings returns the vectors of a, b and a.
func requestEmbeddings(t *testing.T, tg target, params openai.EmbeddingNewParams) [3][]float64 {
	t.Helper()
	client := tg.openAI()
	params.Model, params.Input = "echo-embedding",
		openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"a", "b", "a"}}
	got, err := client.Embeddings.New(t.Context(), params)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Data) != 3 {
		t.Fatalf("%d vectors for 3 texts", len(got.Data))
	}
	return [3][]float64{got.Data[0].Embedding, got.Data[1].Embedding, got.Data[2].Embedding}
}

func embeddings(t *testing.T, tg target) {
	v := requestEmbeddings(t, tg, openai.EmbeddingNewParams{})
	if len(v[0]) != 1536 || !slices.Equal(v[0], v[2]) || slices.Equal(v[0], v[1]) {
		t.Errorf("%d dimensions; want the first and the third alike and the second another", len(v[0]))
	}
}

func embeddingsOfALength(t *testing.T, tg target) {
	if v := requestEmbeddings(t, tg, openai.EmbeddingNewParams{Dimensions: openai.Int(8)}); len(v[0]) != 8 {
		t.Errorf("%d dimensions, want 8", len(v[0]))
	}
}

func models(t *testing.T, tg target) {
	client := tg.openAI()
	page, err := client.Models.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, m := range page.Data {
		ids = append(ids, m.ID)
	}
	if len(ids) < 2 || ids[0] != "router-default" || ids[1] != "router-cheap" {
		t.Errorf("models %q", ids)
	}
}

func fallback(t *testing.T, tg target) {
	client := tg.openAI()
	var raw *http.Response
	got, err := client.Chat.Completions.New(t.Context(), chatRequest("fail-500-broken", "still there?"),
		option.WithResponseInto(&raw))
	if err != nil {
		t.Fatal(err)
	}
	if text := got.Choices[0].Message.Content; text != "echo: still there?" {
		t.Errorf("%q", text)
	}
	if group, n := raw.Header.Get("X-Litellm-Model-Group"),
		raw.Header.Get("X-Litellm-Attempted-Fallbacks"); group != "router-cheap" || n != "1" {
		t.Errorf("answered by %q after %q fallbacks", group, n)
	}
}
