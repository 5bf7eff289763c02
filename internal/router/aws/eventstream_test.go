package aws_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"

	"github.com/flowgate-go/flowgate/internal/router/aws"
)

// frame returns a frame of AWS's event stream.
func frame(t testing.TB, payload string, headers ...string) []byte {
	t.Helper()
	m := eventstream.Message{Payload: []byte(payload)}
	for i := 0; i < len(headers); i += 2 {
		m.Headers.Set(headers[i], eventstream.StringValue(headers[i+1]))
	}
	var b bytes.Buffer
	if err := eventstream.NewEncoder().Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func event(t testing.TB, kind, payload string) []byte {
	return frame(t, payload, ":message-type", "event", ":event-type", kind, ":content-type", "application/json")
}

// readEvents returns the events of a stream.
func readEvents(frames []byte) (string, error) {
	out, err := io.ReadAll(aws.Events(io.NopCloser(iotest.OneByteReader(bytes.NewReader(frames)))))
	return string(out), err
}

func TestFramesBecomeEvents(t *testing.T) {
	t.Parallel()
	chunk := func(text string) string {
		return `{"bytes":"` + base64.StdEncoding.EncodeToString([]byte(text)) + `","p":"abc"}`
	}
	frames := bytes.Join([][]byte{event(t, "messageStart", `{"role":"assistant"}`),
		event(t, "contentBlockDelta", "{\"contentBlockIndex\":0,\n\"delta\":{\"text\":\"hi\"}}"),
		event(t, "chunk", chunk(`{"type":"message_stop"}`)), event(t, "chunk", chunk(`{"untyped":1}`)),
		event(t, "chunk", chunk("{\"type\":\"a\\nb\",\r\n\"x\":1}")), frame(t, `{}`), frame(t, `{}`, ":message-type", "unknown")}, nil)
	want := "data: {\"messageStart\":{\"role\":\"assistant\"}}\n\n" +
		"data: {\"contentBlockDelta\":{\"contentBlockIndex\":0, \"delta\":{\"text\":\"hi\"}}}\n\n" +
		"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\ndata: {\"untyped\":1}\n\n" +
		"data: {\"type\":\"a\\nb\",  \"x\":1}\n\n"
	if got, err := readEvents(frames); got != want || err != nil {
		t.Errorf("%v, %s\nwant\n%s", err, got, want)
	}
}

func TestErrorsEndTheStreamWithAnErrorEvent(t *testing.T) {
	t.Parallel()
	start := event(t, "messageStart", `{"role":"assistant"}`)
	flipped := bytes.Clone(event(t, "contentBlockDelta", `{"delta":{"text":"hi"}}`))
	flipped[len(flipped)-6] ^= 1
	badPrelude := bytes.Clone(start)
	badPrelude[9] ^= 1
	for name, c := range map[string]struct {
		last []byte
		want string
	}{
		"throttled": {frame(t, `{"message":"Too many"}`, ":message-type", "exception", ":exception-type", "throttlingException"),
			`"code":429,"message":"throttlingException: Too many","type":"rate_limit_error"`},
		"unknown exception": {frame(t, `oops`, ":message-type", "exception", ":exception-type", "otherException"),
			`"message":"otherException: oops","type":"api_error"`},
		"an error without a body": {frame(t, ``, ":message-type", "error", ":error-code", "Internal", ":error-message", "it \"broke\""),
			`Internal: it \"broke\"`},
		"a broken checksum":        {flipped, "checksum"},
		"a broken prelude":         {badPrelude, "event stream is broken"},
		"an event that is no JSON": {event(t, "contentBlockDelta", `{`), "not JSON"},
		"a chunk that is no JSON":  {event(t, "chunk", `{"bytes":"aGk="}`), "not JSON"},
		"a chunk that is broken":   {event(t, "chunk", `{"bytes":"e30=!"}`), "not JSON"},
		"a chunk that is empty":    {event(t, "chunk", `{}`), "not JSON"},
	} {
		got, err := readEvents(append(bytes.Clone(start), c.last...))
		if !strings.Contains(got, "\n\nevent: error\ndata: {") || !strings.Contains(got, c.want) || err != nil {
			t.Errorf("%s: %v, %s", name, err, got)
		}
	}
}

// TestExceptionsHaveTheStatusOfTheirKind has those that Bedrock's documentation names for ConverseStream.
func TestExceptionsHaveTheStatusOfTheirKind(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{"throttlingException": `"code":429,"message":"throttlingException: m","type":"rate_limit_error"`,
		"validationException":         `"code":400,"message":"validationException: m","type":"invalid_request_error"`,
		"serviceUnavailableException": `"code":503,"message":"serviceUnavailableException: m","type":"overloaded_error"`,
		"modelTimeoutException":       `"code":504,"message":"modelTimeoutException: m","type":"timeout_error"`,
		"internalServerException":     `"code":500,"message":"internalServerException: m","type":"api_error"`,
		"modelStreamErrorException":   `"code":500,"message":"modelStreamErrorException: m","type":"api_error"`,
		"anotherException":            `"error":{"message":"anotherException: m","type":"api_error"}`} {
		got, err := readEvents(frame(t, `{"message":"m"}`, ":message-type", "exception", ":exception-type", kind))
		if !strings.Contains(got, want) || !strings.HasSuffix(got, "\n\n") || err != nil {
			t.Errorf("%s: %v, %s", kind, err, got)
		}
	}
}

func TestAStreamThatBreaksOffIsAReadError(t *testing.T) {
	t.Parallel()
	frames := event(t, "messageStart", `{"role":"assistant"}`)
	for _, n := range []int{1, 11, 13, len(frames) - 1} {
		if _, err := readEvents(frames[:n]); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

// TestAReadErrorStaysWhatItIs breaks the connection before, within and behind a frame.
func TestAReadErrorStaysWhatItIs(t *testing.T) {
	t.Parallel()
	frames, broken := event(t, "messageStart", `{"role":"assistant"}`), errors.New("connection reset")
	for _, n := range []int{0, 5, 13, len(frames) - 1, len(frames)} {
		source := io.MultiReader(bytes.NewReader(frames[:n]), iotest.ErrReader(broken))
		out, err := io.ReadAll(aws.Events(io.NopCloser(source)))
		if !errors.Is(err, broken) || strings.Contains(string(out), "error") {
			t.Errorf("after %d bytes: %v, %s", n, err, out)
		}
	}
}

func FuzzEvents(f *testing.F) {
	f.Add(event(f, "messageStart", `{"role":"assistant"}`), 3)
	f.Add(frame(f, `{"message":"m"}`, ":message-type", "exception", ":exception-type", "throttlingException"), 9)
	f.Add(append(event(f, "chunk", `{"bytes":"e30="}`), 0, 0, 0, 200), 0)
	f.Fuzz(func(t *testing.T, frames []byte, flip int) {
		frames = bytes.Clone(frames)
		if len(frames) > 0 && flip > 0 {
			frames[flip%len(frames)] ^= byte(flip)
		}
		out, err := readEvents(frames)
		if err == nil && out != "" && !strings.HasSuffix(out, "\n\n") {
			t.Fatalf("half an event: %q", out)
		}
		if strings.Contains(strings.TrimSuffix(out, "\n\n"), "event: error") &&
			strings.Contains(out[strings.Index(out, "event: error"):], "\n\ndata") {
			t.Fatalf("events after an error: %q", out)
		}
	})
}

func FuzzProfiles(f *testing.F) {
	f.Add("[default]\naws_access_key_id = A\n[profile x]\nregion=us-east-1 # here\n  nested = 1\n[sso-session s]\nsso_region=r", "profile ")
	f.Add("[", "")
	f.Fuzz(func(t *testing.T, text, prefix string) {
		if n := aws.ParseProfiles(text, prefix); n > strings.Count(text, "[") {
			t.Fatalf("%d profiles in %q", n, text)
		}
	})
}

func FuzzSTS(f *testing.F) {
	f.Add([]byte(stsAnswer), 200)
	f.Add([]byte(`<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`), 403)
	f.Fuzz(func(t *testing.T, text []byte, status int) {
		if id, err := aws.ReadSTS(text, status); (id == "") != (err != nil) {
			t.Fatalf("%q, %v", id, err)
		}
	})
}
