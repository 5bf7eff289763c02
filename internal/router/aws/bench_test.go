package aws_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/aws"
)

func BenchmarkSign(b *testing.B) {
	for _, size := range []int{1 << 10, 256 << 10} {
		b.Run(fmt.Sprintf("%dkB", size>>10), func(b *testing.B) {
			s := aws.New(aws.Access{Region: "us-east-1", AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "s",
				Getenv: func(string) string { return "" }})
			u := &url.URL{Scheme: "https", Host: "bedrock-runtime.us-east-1.amazonaws.com", Path: "/model/m/converse"}
			body, now := bytes.Repeat([]byte("a"), size), time.Unix(1700000000, 0)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if err := s.Authorize(b.Context(), now, u, body, http.Header{"Content-Type": {"application/json"}}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkEvents reads a stream of 200 pieces of a text off AWS's frames.
func BenchmarkEvents(b *testing.B) {
	piece := event(b, "contentBlockDelta", `{"contentBlockIndex":0,"delta":{"text":"word "},"p":"abcdefghij"}`)
	frames := strings.Repeat(string(piece), 200)
	b.SetBytes(int64(len(frames)))
	b.ReportAllocs()
	for b.Loop() {
		if n, err := io.Copy(io.Discard, aws.Events(io.NopCloser(strings.NewReader(frames)))); err != nil || n == 0 {
			b.Fatal(err)
		}
	}
}
